import type { FastifyInstance } from 'fastify'
import { callOwn, callSqs, findQueue } from '../call-sqs.ts'
import { S3Error } from '../s3-error.ts'
import type { NotificationRule } from './notification-rules.ts'

type Destination = NotificationRule['destination']

/** Sends a message through this server's own SQS or SNS. A destination that no longer exists gets nothing, as with S3. */
export async function deliver(
  app: FastifyInstance,
  { kind, arn }: Destination,
  message: string,
): Promise<void> {
  if (kind === 'Topic') {
    await callSns(app, arn, {
      Action: 'Publish',
      TopicArn: arn,
      Subject: 'Amazon S3 Notification',
      Message: message,
    })
    return
  }
  const QueueUrl = await findQueue(app, arn)
  if (QueueUrl) await callSqs(app, arn, 'SendMessage', { QueueUrl, MessageBody: message })
}

/** @throws S3Error `InvalidArgument` for a destination that does not exist or has an order (FIFO) */
export async function checkDestination(app: FastifyInstance, destination: Destination): Promise<void> {
  const { kind, arn } = destination
  const service = kind === 'Queue' ? 'sqs' : 'sns'
  if (!new RegExp(`^arn:aws:${service}:[\\w-]+:\\d{12}:[\\w.-]+$`).test(arn)) {
    throw new S3Error(400, 'InvalidArgument', 'The ARN could not be parsed', {
      ArgumentName: kind,
      ArgumentValue: arn,
    })
  }
  const exists =
    kind === 'Queue'
      ? await findQueue(app, arn)
      : (await callSns(app, arn, { Action: 'GetTopicAttributes', TopicArn: arn })).statusCode === 200
  if (exists && !arn.endsWith('.fifo')) return
  throw new S3Error(400, 'InvalidArgument', 'Unable to validate the following destination configurations', {
    ArgumentName1: `${arn}, null`,
    ArgumentValue1: arn.endsWith('.fifo')
      ? 'A FIFO destination is not supported.'
      : 'The destination does not exist.',
  })
}

function callSns(app: FastifyInstance, arn: string, parameters: Record<string, string>) {
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  return callOwn(app, arn, headers, new URLSearchParams(parameters).toString())
}
