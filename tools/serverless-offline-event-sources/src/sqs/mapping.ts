/** One `sqs` event of one function, read and resolved. */
export type SqsMapping = {
  queueName: string
  batchSize: number
  /** Seconds. */
  batchingWindow: number
  maximumConcurrency: number
  reportsItemFailures: boolean
}
