import { once } from 'node:events'
import { request } from 'node:http'
import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  type ReceiveMessageCommandInput,
  SendMessageBatchCommand,
  SendMessageCommand,
} from '@aws-sdk/client-sqs'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type LocalAws, startLocalAws } from './start-local-aws.ts'
import { sqsFor } from './test-clients.ts'

let aws: LocalAws
let sqs: ReturnType<typeof sqsFor>
beforeAll(async () => {
  aws = await startLocalAws()
  sqs = sqsFor(aws.endpoint)
})
afterAll(() => aws.stop())

async function createQueue(QueueName: string, Attributes: Record<string, string> = {}): Promise<string> {
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName, Attributes }))
  return String(QueueUrl)
}

async function receive(QueueUrl: string, more: Partial<ReceiveMessageCommandInput> = {}) {
  const MessageSystemAttributeNames = ['All' as const]
  const input = { QueueUrl, MessageSystemAttributeNames, ...more }
  return (await sqs.send(new ReceiveMessageCommand(input))).Messages ?? []
}

async function arnOf(QueueUrl: string): Promise<string> {
  const input = { QueueUrl, AttributeNames: ['QueueArn' as const] }
  return String((await sqs.send(new GetQueueAttributesCommand(input))).Attributes?.QueueArn)
}

/** A long poll on its own connection, which a test can close. */
async function openPoll(QueueUrl: string) {
  const poll = request(aws.endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': 'AmazonSQS.ReceiveMessage',
    },
  })
  poll.end(JSON.stringify({ QueueUrl, WaitTimeSeconds: 20 }))
  await once(poll, 'finish')
  return poll
}

describe('messages', () => {
  test('carry attributes and system attributes', async () => {
    const QueueUrl = await createQueue('attributes')
    const MessageAttributes = { traceparent: { DataType: 'String', StringValue: '00-ab-cd-01' } }
    const before = Date.now()
    const sent = await sqs.send(
      new SendMessageCommand({ QueueUrl, MessageBody: '{"a":"é"}', MessageAttributes }),
    )
    const [message] = await receive(QueueUrl, { MessageAttributeNames: ['All'] })
    expect(message).toMatchObject({ MessageId: sent.MessageId, Body: '{"a":"é"}', MessageAttributes })
    expect(message?.Attributes?.ApproximateReceiveCount).toBe('1')
    const sentAt = Number(message?.Attributes?.SentTimestamp)
    expect(sentAt).toBeGreaterThanOrEqual(before)
    expect(sentAt).toBeLessThanOrEqual(Date.now())
  })

  test('arrive in batches and can be deleted', async () => {
    const QueueUrl = await createQueue('batches')
    const Entries = Array.from({ length: 10 }, (_, n) => ({ Id: `m${n}`, MessageBody: `body ${n}` }))
    const { Successful } = await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }))
    expect(Successful?.map(({ Id }) => Id)).toEqual(Entries.map(({ Id }) => Id))
    const messages = await receive(QueueUrl, { MaxNumberOfMessages: 10, VisibilityTimeout: 0 })
    expect(messages.map(({ Body }) => Body)).toEqual(Entries.map(({ MessageBody }) => MessageBody))
    const again = await receive(QueueUrl, { MaxNumberOfMessages: 10 })
    for (const { ReceiptHandle } of again) {
      await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }))
    }
    const AttributeNames = ['All' as const]
    const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames }))
    expect(Attributes).toMatchObject({
      ApproximateNumberOfMessages: '0',
      ApproximateNumberOfMessagesNotVisible: '0',
    })
  })

  test('may have up to 1 MiB', async () => {
    const QueueUrl = await createQueue('large')
    const send = (bytes: number) =>
      sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'm'.repeat(bytes) }))
    await send(1_048_576)
    await expect(send(1_048_577)).rejects.toMatchObject({ $metadata: { httpStatusCode: 400 } })
  })
})

describe('a long poll', () => {
  test('ends when a message arrives', async () => {
    const QueueUrl = await createQueue('awaited')
    const poll = receive(QueueUrl, { WaitTimeSeconds: 20 })
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'at last' }))
    expect(await poll).toMatchObject([{ Body: 'at last' }])
  }, 5_000)

  test('does not lose a message when its client disconnects', async () => {
    const QueueUrl = await createQueue('abandoned')
    const poll = await openPoll(QueueUrl)
    await arnOf(QueueUrl)
    poll.destroy()
    await expect(once(poll, 'close')).rejects.toThrow('socket hang up')
    await arnOf(QueueUrl)
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'still here' }))
    expect(await receive(QueueUrl)).toMatchObject([{ Attributes: { ApproximateReceiveCount: '1' } }])
  })
})

describe('visibility', () => {
  test('hides a message in flight until the timeout is changed', async () => {
    const QueueUrl = await createQueue('hidden', { VisibilityTimeout: '600' })
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'once' }))
    const [first] = await receive(QueueUrl)
    expect(await receive(QueueUrl)).toEqual([])
    const change = { QueueUrl, ReceiptHandle: first?.ReceiptHandle, VisibilityTimeout: 0 }
    await sqs.send(new ChangeMessageVisibilityCommand(change))
    const [second] = await receive(QueueUrl)
    expect(second?.MessageId).toBe(first?.MessageId)
    expect(second?.Attributes?.ApproximateReceiveCount).toBe('2')
  })

  test('makes a message visible again after the timeout', async () => {
    const QueueUrl = await createQueue('returning', { VisibilityTimeout: '600' })
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'again' }))
    const [first] = await receive(QueueUrl)
    const change = { QueueUrl, ReceiptHandle: first?.ReceiptHandle, VisibilityTimeout: 1 }
    await sqs.send(new ChangeMessageVisibilityCommand(change))
    expect(await receive(QueueUrl, { WaitTimeSeconds: 20 })).toMatchObject([{ MessageId: first?.MessageId }])
  }, 10_000)
})

test('a message goes to the dead-letter queue after maxReceiveCount receives', async () => {
  const dead = await createQueue('dead')
  const policy = { deadLetterTargetArn: await arnOf(dead), maxReceiveCount: 2 }
  const QueueUrl = await createQueue('alive', { RedrivePolicy: JSON.stringify(policy) })
  const { MessageId } = await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'poison' }))
  for (const count of ['1', '2']) {
    const [message] = await receive(QueueUrl, { VisibilityTimeout: 0 })
    expect(message?.Attributes?.ApproximateReceiveCount).toBe(count)
  }
  expect(await receive(QueueUrl)).toEqual([])
  await aws.spy.waitForMessageWithId(String(MessageId), 'dlq')
  expect(await receive(dead)).toMatchObject([{ MessageId, Body: 'poison' }])
})

describe('fair queues', () => {
  const sendMany = async (QueueUrl: string, MessageGroupId: string, count: number) => {
    for (let sent = 0; sent < count; sent += 10) {
      const Entries = Array.from({ length: Math.min(10, count - sent) }, (_, index) => ({
        Id: `${index}`,
        MessageBody: `${MessageGroupId} ${sent + index}`,
        MessageGroupId,
      }))
      await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }))
    }
  }
  const receiveBodies = async (QueueUrl: string, receives: number) => {
    const bodies: string[] = []
    for (let index = 0; index < receives; index++) {
      const messages = await receive(QueueUrl, { MaxNumberOfMessages: 4 })
      bodies.push(...messages.map(({ Body = '' }) => Body))
      for (const { ReceiptHandle } of messages)
        await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }))
    }
    return bodies
  }

  test('5,000 messages of one group delay 20 of another to twice their time', async () => {
    const QueueUrl = await createQueue('fair')
    await sendMany(QueueUrl, 'loud', 5_000)
    await sendMany(QueueUrl, 'quiet', 20)
    const bodies = await receiveBodies(QueueUrl, 10)
    expect(bodies.filter((body) => body.startsWith('quiet'))).toHaveLength(20)
    const numbers = bodies.filter((body) => body.startsWith('loud')).map((body) => Number(body.split(' ')[1]))
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b))
  })

  test('messages without a group keep their order, and do not wait for a group', async () => {
    const QueueUrl = await createQueue('mixed')
    await sendMany(QueueUrl, 'loud', 20)
    for (const MessageBody of ['a', 'b', 'c'])
      await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }))
    const bodies = await receiveBodies(QueueUrl, 2)
    expect(bodies.filter((body) => body.length === 1)).toEqual(['a', 'b', 'c'])
  })
})
