import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  type SendMessageBatchRequestEntry,
  SendMessageCommand,
  type SendMessageCommandInput,
} from '@aws-sdk/client-sqs'
import { type AwsClients, type ConformanceCase, refusal } from './conformance-case.ts'

async function newQueue({ sqs, newName }: AwsClients, Attributes = {}): Promise<string> {
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: newName(), Attributes }))
  return String(QueueUrl)
}

async function send(aws: AwsClients, message: Partial<SendMessageCommandInput>): Promise<string> {
  const QueueUrl = message.QueueUrl ?? (await newQueue(aws))
  return refusal(aws.sqs.send(new SendMessageCommand({ MessageBody: 'x', ...message, QueueUrl })))
}

async function sendBatch(aws: AwsClients, Entries: SendMessageBatchRequestEntry[]) {
  const QueueUrl = await newQueue(aws)
  return aws.sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }))
}

async function receive(aws: AwsClients, QueueUrl: string, WaitTimeSeconds = 0) {
  const MessageSystemAttributeNames = ['All' as const]
  const input = { QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds, MessageSystemAttributeNames }
  return (await aws.sqs.send(new ReceiveMessageCommand(input))).Messages ?? []
}

const part = 'SQS'
const MiB = 1024 * 1024

const refusedCharacters = ['\u0000', '\u0008', '\u000B', '\u001F', '\uFFFE', '\uFFFF'].map(
  (character): ConformanceCase => ({
    part,
    name: `SendMessage with U+${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')} is refused`,
    call: (aws) => send(aws, { MessageBody: `a${character}b` }),
    answer: '400 InvalidMessageContents',
  }),
)

export const sqsCases: ConformanceCase[] = [
  {
    part,
    name: 'a message has every character that XML allows',
    async call(aws) {
      const QueueUrl = await newQueue(aws)
      const MessageBody = '\t\n\r ~\u007F\u0085\uD7FF\uE000\uFFFD\u{10000}😀\u{10FFFF}'
      await aws.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }))
      return (await receive(aws, QueueUrl)).map(({ Body }) => Body === MessageBody)
    },
    answer: [true],
  },
  ...refusedCharacters,
  {
    part,
    name: 'SendMessageBatch refuses only the entry with such a character',
    async call(aws) {
      const entries = [
        { Id: 'a', MessageBody: 'a\u0001' },
        { Id: 'b', MessageBody: 'b' },
      ]
      const { Successful, Failed } = await sendBatch(aws, entries)
      return [
        Successful?.map(({ Id }) => Id),
        Failed?.map(({ Id, Code, SenderFault }) => [Id, Code, SenderFault]),
      ]
    },
    answer: [['b'], [['a', 'InvalidMessageContents', true]]],
  },
  {
    part,
    name: 'a message has up to 1 MiB',
    call: (aws) => send(aws, { MessageBody: 'x'.repeat(MiB) }),
    answer: 'accepted',
  },
  {
    part,
    name: 'a message of more than 1 MiB is refused',
    call: (aws) => send(aws, { MessageBody: 'x'.repeat(MiB + 1) }),
    answer: '400 InvalidParameterValue',
  },
  {
    part,
    name: 'a batch of more than 1 MiB in all is refused',
    call: (aws) =>
      refusal(
        sendBatch(aws, [
          { Id: 'a', MessageBody: 'x'.repeat(MiB / 2) },
          { Id: 'b', MessageBody: 'x'.repeat(MiB / 2 + 1) },
        ]),
      ),
    answer: '400 BatchRequestTooLong',
  },
  {
    part,
    name: 'a batch of eleven is refused',
    call: (aws) =>
      refusal(
        sendBatch(
          aws,
          Array.from({ length: 11 }, (_, n) => ({ Id: `m${n}`, MessageBody: 'x' })),
        ),
      ),
    answer: '400 TooManyEntriesInBatchRequest',
  },
  {
    part,
    name: 'an empty batch is refused',
    call: (aws) => refusal(sendBatch(aws, [])),
    answer: '400 EmptyBatchRequest',
  },
  {
    part,
    name: 'a batch with an id twice is refused',
    call: (aws) =>
      refusal(
        sendBatch(aws, [
          { Id: 'a', MessageBody: 'x' },
          { Id: 'a', MessageBody: 'y' },
        ]),
      ),
    answer: '400 BatchEntryIdsNotDistinct',
  },
  {
    part,
    name: "a message waits for its queue's DelaySeconds",
    async call(aws) {
      const QueueUrl = await newQueue(aws, { DelaySeconds: '1' })
      await aws.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'late' }))
      const [message] = await receive(aws, QueueUrl, 20)
      const { SentTimestamp, ApproximateFirstReceiveTimestamp } = message?.Attributes ?? {}
      return [message?.Body, Number(ApproximateFirstReceiveTimestamp) - Number(SentTimestamp) >= 1000]
    },
    answer: ['late', true],
  },
  {
    part,
    name: "a message's DelaySeconds of 0 overrides its queue's",
    async call(aws) {
      const QueueUrl = await newQueue(aws, { DelaySeconds: '900' })
      await aws.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'now', DelaySeconds: 0 }))
      return (await receive(aws, QueueUrl)).map(({ Body }) => Body)
    },
    answer: ['now'],
  },
  {
    part,
    name: 'delayed messages are counted',
    async call(aws) {
      const QueueUrl = await newQueue(aws, { DelaySeconds: '900' })
      await aws.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'late' }))
      const AttributeNames = ['ApproximateNumberOfMessagesDelayed' as const]
      return (await aws.sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames }))).Attributes
    },
    answer: { ApproximateNumberOfMessagesDelayed: '1' },
  },
  {
    part,
    name: 'DelaySeconds of more than 900 is refused',
    call: (aws) => send(aws, { DelaySeconds: 901 }),
    answer: '400 InvalidParameterValue',
  },
  {
    part,
    name: 'a standard queue keeps MessageGroupId (fair queues)',
    async call(aws) {
      const QueueUrl = await newQueue(aws)
      await aws.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x', MessageGroupId: 'web-app-1' }))
      const Entries = [{ Id: 'a', MessageBody: 'x', MessageGroupId: 'web-app-2' }]
      await aws.sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }))
      return (await receive(aws, QueueUrl)).map(({ Attributes }) => Attributes?.MessageGroupId).toSorted()
    },
    answer: ['web-app-1', 'web-app-2'],
  },
  {
    part,
    name: 'a MessageGroupId with a space is refused',
    call: (aws) => send(aws, { MessageGroupId: 'web app' }),
    answer: '400 InvalidParameterValue',
  },
  {
    part,
    name: 'the URL of a missing queue',
    call: (aws) => refusal(aws.sqs.send(new GetQueueUrlCommand({ QueueName: aws.newName() }))),
    answer: '400 QueueDoesNotExist',
  },
]
