import type { FastifyInstance } from 'fastify'

/** Calls this server's own SQS, in the region of a queue's ARN. */
export function callSqs(app: FastifyInstance, arn: string, action: string, body: object) {
  const headers = {
    ...signedFor(arn),
    'content-type': 'application/x-amz-json-1.0',
    'x-amz-target': `AmazonSQS.${action}`,
  }
  return app.inject({ method: 'POST', url: '/', headers, payload: JSON.stringify(body) })
}

/** The URL of a queue, if there is one with this ARN. */
export async function findQueue(app: FastifyInstance, arn: string): Promise<string | undefined> {
  const found = await callSqs(app, arn, 'GetQueueUrl', { QueueName: arn.split(':').at(-1) })
  return found.statusCode === 200 ? found.json<{ QueueUrl: string }>().QueueUrl : undefined
}

/** The server takes the region from the signature, and does not check the rest. */
export function signedFor(arn: string) {
  const [, , service = '', region = ''] = arn.split(':')
  return { authorization: `AWS4-HMAC-SHA256 Credential=local/20260101/${region}/${service}/aws4_request` }
}
