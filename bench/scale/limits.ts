/** AWS's published limits, region us-east-1, as of 2026-11-29. `docs/scale.md` has a table of them, with what can be raised. */
export interface Limits {
  /** Requests a second of the stage (`requestsPerSecond` of upload-api), and how many more at once (`requestBurst`). */
  gatewayRate: number
  gatewayBurst: number
  /** Executions at once, of all functions of an account. */
  concurrency: number
  /** Of one function, in ten seconds. */
  newEnvironments: number
  /** Batches that a trigger of a standard queue begins with, how many more each minute, and how many at most. */
  firstBatches: number
  moreBatchesPerMinute: number
  mostBatches: number
  /** Requests a second of each partitioned prefix of a bucket. */
  s3Writes: number
  s3Reads: number
}

/**
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
 * @see https://docs.aws.amazon.com/lambda/latest/dg/scaling-behavior.html
 * @see https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html
 */
export const DEFAULT_LIMITS: Limits = {
  gatewayRate: 3_000,
  gatewayBurst: 5_000,
  concurrency: 1_000,
  newEnvironments: 1_000,
  firstBatches: 5,
  moreBatchesPerMinute: 300,
  mostBatches: 1_000,
  s3Writes: 3_500,
  s3Reads: 5_500,
}

/** What can bind, with what an owner can do about it. */
export const REMEDIES = {
  'gateway rate': 'raise requestsPerSecond of upload-api, and from 10,000 on the quota of API Gateway',
  concurrency: 'raise the concurrent executions of Lambda',
  'reserved concurrency': 'raise statusConcurrency: clients ask again meanwhile',
  'new environments': 'nothing: Lambda adds 1,000 of a function in ten seconds',
  'batches at first': 'nothing: the trigger adds 300 batches a minute',
  maximumConcurrency: 'raise maximumConcurrency (at most 1,000)',
  's3 writes of originals': 'spread the load over several apps',
  's3 writes of variants': 'spread the load over several apps, or make fewer variants',
  's3 reads of documents': 'wait with longer intervals, or without Prefer: wait',
} as const

export type Limit = keyof typeof REMEDIES
