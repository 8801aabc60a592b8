import { SQSClient } from '@aws-sdk/client-sqs'

/**
 * Endpoint and credentials come from the environment. Queue URLs only name queues: a local server
 * may give them a host that nobody can look up.
 */
export function createSqsClient(region: string): SQSClient {
  return new SQSClient({ region, useQueueUrlAsEndpoint: false })
}
