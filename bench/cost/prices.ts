/**
 * List prices in US dollars, region us-east-1, first tier, without free tiers and discounts. As of 2026-11-28.
 *
 * @see https://aws.amazon.com/lambda/pricing/ and the pages of the other services
 */
export const PRICES_AS_OF = '2026-11-28'

const MILLION = 1_000_000

export const PRICES = {
  /** HTTP APIs, per request; each begun 512 KB of a body counts as one. */
  gatewayRequest: 1 / MILLION,
  invocation: 0.2 / MILLION,
  /** On arm64. */
  gigabyteSecond: 0.0000133334,
  /** PUT, COPY, POST and LIST of S3 Standard. DELETE is free. */
  s3Write: 5 / MILLION,
  /** GET, HEAD and everything else. */
  s3Read: 0.4 / MILLION,
  s3GigabyteMonth: 0.023,
  /** Standard queues; each begun 64 KB of a payload counts as one. */
  sqsRequest: 0.4 / MILLION,
  /** Each begun 64 KB of what is published in a request counts as one. Deliveries to queues are free. */
  snsRequest: 0.5 / MILLION,
  /**
   * On demand; each begun KB of an item counts as one.
   *
   * @see https://aws.amazon.com/dynamodb/pricing/on-demand/
   */
  dynamodbWrite: 0.625 / MILLION,
  /** CloudWatch Logs, ingestion. */
  logGigabyte: 0.5,
  /** What a query reads, at least 10 MB. */
  athenaTerabyte: 5,
  /** Each metric that an alarm watches; those in an expression count one by one. */
  alarmMonth: 0.1,
  compositeAlarmMonth: 0.5,
} as const
