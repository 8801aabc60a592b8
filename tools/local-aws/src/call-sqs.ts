import type { FastifyInstance } from 'fastify'
import { signedHeaders } from './signatures.ts'

/** Calls this server's own SQS, in the region of a queue's ARN. */
export function callSqs(app: FastifyInstance, arn: string, action: string, body: object) {
  const headers = {
    'content-type': 'application/x-amz-json-1.0',
    'x-amz-target': `AmazonSQS.${action}`,
  }
  return callOwn(app, arn, headers, JSON.stringify(body))
}

/** The URL of a queue, if there is one with this ARN. */
export async function findQueue(app: FastifyInstance, arn: string): Promise<string | undefined> {
  const found = await callSqs(app, arn, 'GetQueueUrl', { QueueName: arn.split(':').at(-1) })
  return found.statusCode === 200 ? found.json<{ QueueUrl: string }>().QueueUrl : undefined
}

/** Sends a signed request to the service and the region of an ARN, in this server. */
export function callOwn(app: FastifyInstance, arn: string, headers: Record<string, string>, payload: string) {
  const [, , service = '', region = ''] = arn.split(':')
  const request = { method: 'POST', url: '/', headers: { ...headers, host: 'localhost' } } as const
  return app.inject({ ...request, headers: signedHeaders(request, payload, { service, region }), payload })
}
