/** One `kafka` or `msk` event of one function, read and resolved. */
export type KafkaMapping = {
  eventSource: 'SelfManagedKafka' | 'aws:kafka'
  /** Of the cluster, for `aws:kafka`. */
  eventSourceArn?: string
  /** From the template; `KAFKA_BROKERS` overrides them. */
  bootstrapServers: string[]
  topic: string
  groupId: string
  startingPosition: StartingPosition
  batchSize: number
  /** Seconds. */
  batchingWindow: number
  reportsItemFailures: boolean
  bisectsOnError: boolean
  /** Beyond the first attempt. */
  maximumRetryAttempts: number
  /** Seconds. */
  maximumRecordAge: number
  /** The SQS queue that discarded batches are reported to. */
  onFailureQueue?: string
}

export type StartingPosition = 'TRIM_HORIZON' | 'LATEST' | { timestamp: number }
