import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  ListMessageMoveTasksCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  StartMessageMoveTaskCommand,
} from '@aws-sdk/client-sqs'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type LocalAws, startLocalAws } from '../start-local-aws.ts'
import { sqsFor } from '../test-clients.ts'

// What AWS documents is in test/conformance.

let aws: LocalAws
let sqs: ReturnType<typeof sqsFor>
beforeAll(async () => {
  aws = await startLocalAws()
  sqs = sqsFor(aws.endpoint)
})
afterAll(() => aws.stop())

async function createQueue(QueueName: string, Attributes: Record<string, string> = {}) {
  const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName, Attributes }))
  const attributes = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }))
  return { QueueUrl, arn: attributes.Attributes?.QueueArn ?? '' }
}

const redriveTo = (arn: string) => ({
  RedrivePolicy: JSON.stringify({ deadLetterTargetArn: arn, maxReceiveCount: 3 }),
})

test('a moved message keeps its attributes and its group', async () => {
  const letters = await createQueue('letters')
  const source = await createQueue('source', redriveTo(letters.arn))
  const MessageAttributes = { traceparent: { DataType: 'String', StringValue: '00-ab-cd-01' } }
  const message = { MessageBody: '{"a":"é😀"}', MessageAttributes, MessageGroupId: 'web-app-1' }
  await sqs.send(new SendMessageCommand({ QueueUrl: letters.QueueUrl, ...message }))
  await sqs.send(new StartMessageMoveTaskCommand({ SourceArn: letters.arn }))
  const received = await sqs.send(
    new ReceiveMessageCommand({
      QueueUrl: source.QueueUrl,
      WaitTimeSeconds: 20,
      MessageAttributeNames: ['All'],
      MessageSystemAttributeNames: ['All'],
    }),
  )
  expect(received.Messages).toMatchObject([
    { Body: message.MessageBody, MessageAttributes, Attributes: { MessageGroupId: 'web-app-1' } },
  ])
})

test('of several sources, a destination must be named', async () => {
  const letters = await createQueue('shared-letters')
  for (const name of ['one', 'two']) await createQueue(name, redriveTo(letters.arn))
  const start = sqs.send(new StartMessageMoveTaskCommand({ SourceArn: letters.arn }))
  await expect(start).rejects.toMatchObject({ name: 'UnsupportedOperation' })
  const { Results } = await sqs.send(new ListMessageMoveTasksCommand({ SourceArn: letters.arn }))
  expect(Results).toEqual([])
})
