/**
 * Units of one image of about 350 KB with the default preset whose client waits until it is ready, as `pnpm bench:cost 20` counted them,
 * which says if they are others now. The view `estimated_cost` and docs/deploy.md have the same.
 */
export const COUNTED = {
  HTTP: {
    gatewayRequest: 2,
    invocation: 7,
    s3Write: 5,
    s3Read: 10,
    sqsRequest: 11.1,
    snsRequest: 1,
    logGigabyte: 4.7e-6,
  },
  Kafka: {
    gatewayRequest: 1,
    invocation: 6,
    s3Write: 6,
    s3Read: 11.5,
    sqsRequest: 11.1,
    snsRequest: 1,
    logGigabyte: 4.4e-6,
  },
} as const

/** Of the reads over HTTP, those of documents while the client waits. */
export const WAITING_READS = 3

/** Of the functions besides processImages. */
export const OTHER_GIGABYTE_SECONDS = { HTTP: 0.15, Kafka: 0.1 } as const
/** Of the authorizer, announceOutcomes and watchImages, which are among them. */
export const BACKGROUND_GIGABYTE_SECONDS = 0.03

/** The topic's delivery to the collector's queue, and its share of receiving and deleting ten at a time. */
export const COLLECTED_SQS_REQUESTS = 1.2

/**
 * Listings of the daily comparisons, a thousand keys each: an image's document on two days and then each 30 days for two years, and twice
 * its original, its document and three variants.
 */
export const COMPARED_LISTINGS = (2 + 728 / 30 + 2 * 5) / 1_000
