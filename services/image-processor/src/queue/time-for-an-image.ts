/**
 * How long an image may take to develop, in seconds. The largest that are accepted take about five on a whole core. A
 * batch of four images that all take it to the full is still within the function's sixty seconds, less the last one.
 */
export const SECONDS_TO_DEVELOP = 15

/** How much of the function's time has to be left to begin with an image: that, and what S3 takes before and after. */
export const SECONDS_TO_BEGIN = SECONDS_TO_DEVELOP + 5
