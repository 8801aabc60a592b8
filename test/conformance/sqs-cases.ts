import {
  CancelMessageMoveTaskCommand,
  ChangeMessageVisibilityBatchCommand,
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListMessageMoveTasksCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  type SendMessageBatchRequestEntry,
  SendMessageCommand,
  type SendMessageCommandInput,
  StartMessageMoveTaskCommand,
} from '@aws-sdk/client-sqs'
import { type AwsClients, type ConformanceCase, openQueue, refusal } from './conformance-case.ts'

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

/** A queue with a dead-letter queue that has some messages, `m0` and so on. */
async function openDeadLetters(aws: AwsClients, messages = 0) {
  const deadLetters = await openQueue(aws, aws.newName())
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: deadLetters.QueueArn, maxReceiveCount: 5 })
  const source = await newQueue(aws, { RedrivePolicy })
  for (let n = 0; n < messages; n++)
    await aws.sqs.send(new SendMessageCommand({ QueueUrl: deadLetters.QueueUrl, MessageBody: `m${n}` }))
  return { ...deadLetters, source }
}

async function startMove(aws: AwsClients, SourceArn: string, more: object = {}) {
  return (await aws.sqs.send(new StartMessageMoveTaskCommand({ SourceArn, ...more }))).TaskHandle ?? ''
}

async function lastMove({ sqs }: AwsClients, SourceArn: string) {
  return (await sqs.send(new ListMessageMoveTasksCommand({ SourceArn }))).Results?.[0]
}

/** The bodies of the next messages, as many as are expected. */
async function bodiesOf(aws: AwsClients, QueueUrl: string, count: number): Promise<unknown[]> {
  const bodies: unknown[] = []
  while (bodies.length < count) {
    const messages = await receive(aws, QueueUrl, 20)
    if (messages.length === 0) break
    bodies.push(...messages.map(({ Body }) => Body))
  }
  return bodies.toSorted()
}

/** A queue with a message that was received. */
async function receivedMessage(aws: AwsClients, Attributes = {}) {
  const QueueUrl = await newQueue(aws, Attributes)
  await send(aws, { QueueUrl })
  const [message] = await receive(aws, QueueUrl, 5)
  return { QueueUrl, ReceiptHandle: message?.ReceiptHandle }
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
    name: 'a request signed with another secret key is refused',
    async call(aws) {
      const QueueUrl = await newQueue(aws)
      const sent = aws.forger.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x' }))
      return (await refusal(sent)).split(' ')[0]
    },
    answer: '403',
  },
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
    name: 'a message whose visibility changes to 0 is received again, and receives are counted',
    async call(aws) {
      const received = await receivedMessage(aws)
      await aws.sqs.send(new ChangeMessageVisibilityCommand({ ...received, VisibilityTimeout: 0 }))
      const [again] = await receive(aws, received.QueueUrl, 5)
      return again?.Attributes?.ApproximateReceiveCount
    },
    answer: '2',
  },
  {
    part,
    name: 'a visibility of more than twelve hours is refused',
    async call(aws) {
      const received = await receivedMessage(aws)
      return refusal(
        aws.sqs.send(new ChangeMessageVisibilityCommand({ ...received, VisibilityTimeout: 43_201 })),
      )
    },
    answer: '400 InvalidParameterValue',
  },
  {
    part,
    name: 'DeleteMessageBatch fails only for the entry with an invalid receipt handle',
    async call(aws) {
      const { QueueUrl, ReceiptHandle } = await receivedMessage(aws)
      const Entries = [
        { Id: 'good', ReceiptHandle },
        { Id: 'bad', ReceiptHandle: 'nonsense' },
      ]
      const { Successful, Failed } = await aws.sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }))
      return [Successful?.map(({ Id }) => Id), Failed?.map(({ Id, Code }) => [Id, Code])]
    },
    answer: [['good'], [['bad', 'ReceiptHandleIsInvalid']]],
  },
  {
    part,
    name: 'ChangeMessageVisibilityBatch fails only for the entry with an invalid receipt handle',
    async call(aws) {
      const { QueueUrl, ReceiptHandle } = await receivedMessage(aws)
      const Entries = [
        { Id: 'good', ReceiptHandle, VisibilityTimeout: 1 },
        { Id: 'bad', ReceiptHandle: 'nonsense', VisibilityTimeout: 1 },
      ]
      const change = new ChangeMessageVisibilityBatchCommand({ QueueUrl, Entries })
      const { Successful, Failed } = await aws.sqs.send(change)
      return [Successful?.map(({ Id }) => Id), Failed?.map(({ Id, Code }) => [Id, Code])]
    },
    answer: [['good'], [['bad', 'ReceiptHandleIsInvalid']]],
  },
  {
    part,
    name: 'a message that was received maxReceiveCount times is a dead letter',
    async call(aws) {
      const deadLetters = await openQueue(aws, aws.newName())
      const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: deadLetters.QueueArn, maxReceiveCount: 1 })
      const received = await receivedMessage(aws, { RedrivePolicy })
      await aws.sqs.send(new ChangeMessageVisibilityCommand({ ...received, VisibilityTimeout: 0 }))
      const again = await receive(aws, received.QueueUrl, 1)
      return [again, await bodiesOf(aws, deadLetters.QueueUrl, 1)]
    },
    answer: [[], ['x']],
  },
  {
    part,
    name: 'a message with eleven attributes is refused',
    call: (aws) =>
      send(aws, {
        MessageAttributes: Object.fromEntries(
          Array.from({ length: 11 }, (_, n) => [`a${n}`, { DataType: 'String', StringValue: 'x' }]),
        ),
      }),
    answer: '400 InvalidParameterValue',
  },
  {
    part,
    name: 'an attribute without a value is refused',
    call: (aws) => send(aws, { MessageAttributes: { a: { DataType: 'String', StringValue: '' } } }),
    answer: '400 InvalidParameterValue',
  },
  {
    part,
    name: 'attributes count towards the 1 MiB of a message',
    call: (aws) =>
      send(aws, {
        MessageBody: 'x'.repeat(MiB - 5),
        MessageAttributes: { a: { DataType: 'String', StringValue: 'x' } },
      }),
    answer: '400 InvalidParameterValue',
  },
  {
    part,
    name: 'ReceiveMessage of more than ten is refused',
    async call(aws) {
      const QueueUrl = await newQueue(aws)
      return refusal(aws.sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 11 })))
    },
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
    name: 'StartMessageMoveTask moves dead letters back to their queue',
    async call(aws) {
      const { QueueArn, source } = await openDeadLetters(aws, 3)
      await startMove(aws, QueueArn)
      return bodiesOf(aws, source, 3)
    },
    answer: ['m0', 'm1', 'm2'],
  },
  {
    part,
    name: 'StartMessageMoveTask moves dead letters to another queue',
    async call(aws) {
      const { QueueArn } = await openDeadLetters(aws, 2)
      const destination = await openQueue(aws, aws.newName())
      await startMove(aws, QueueArn, { DestinationArn: destination.QueueArn })
      return bodiesOf(aws, destination.QueueUrl, 2)
    },
    answer: ['m0', 'm1'],
  },
  {
    part,
    name: 'ListMessageMoveTasks describes a task that has ended, without its handle',
    async call(aws) {
      const { QueueArn, source } = await openDeadLetters(aws, 1)
      await startMove(aws, QueueArn, { MaxNumberOfMessagesPerSecond: 500 })
      await bodiesOf(aws, source, 1)
      let task = await lastMove(aws, QueueArn)
      while (task?.Status === 'RUNNING') task = await lastMove(aws, QueueArn)
      const { StartedTimestamp, SourceArn, ...rest } = task ?? {}
      return { ...rest, hasSource: SourceArn === QueueArn }
    },
    answer: {
      Status: 'COMPLETED',
      MaxNumberOfMessagesPerSecond: 500,
      ApproximateNumberOfMessagesMoved: 1,
      ApproximateNumberOfMessagesToMove: 1,
      hasSource: true,
    },
  },
  {
    part,
    name: 'a queue has one move task at a time',
    async call(aws) {
      const { QueueArn } = await openDeadLetters(aws, 5)
      await startMove(aws, QueueArn, { MaxNumberOfMessagesPerSecond: 1 })
      return refusal(startMove(aws, QueueArn))
    },
    answer: '400 InvalidParameterValue',
  },
  {
    part,
    name: 'CancelMessageMoveTask stops a running task; what it has not moved stays',
    async call(aws) {
      const { QueueArn, QueueUrl, source } = await openDeadLetters(aws, 5)
      const TaskHandle = await startMove(aws, QueueArn, { MaxNumberOfMessagesPerSecond: 1 })
      await bodiesOf(aws, source, 1)
      await aws.sqs.send(new CancelMessageMoveTaskCommand({ TaskHandle }))
      return (await bodiesOf(aws, QueueUrl, 1)).length > 0
    },
    answer: true,
  },
  {
    part,
    name: 'CancelMessageMoveTask of an unknown task is refused',
    call: (aws) => refusal(aws.sqs.send(new CancelMessageMoveTaskCommand({ TaskHandle: 'bm9uZQ==' }))),
    answer: '400 ResourceNotFoundException',
  },
  {
    part,
    name: 'StartMessageMoveTask from a queue that is no dead-letter queue is refused',
    call: async (aws) => refusal(startMove(aws, (await openQueue(aws, aws.newName())).QueueArn)),
    answer: '400 InvalidParameterValue',
  },
  {
    part,
    name: 'StartMessageMoveTask from a missing queue is refused',
    call: async (aws) => refusal(startMove(aws, `${(await openDeadLetters(aws)).QueueArn}-not`)),
    answer: '400 ResourceNotFoundException',
  },
  {
    part,
    name: 'StartMessageMoveTask to a missing queue is refused',
    async call(aws) {
      const { QueueArn } = await openDeadLetters(aws)
      return refusal(startMove(aws, QueueArn, { DestinationArn: `${QueueArn}-not` }))
    },
    answer: '400 ResourceNotFoundException',
  },
  {
    part,
    name: 'StartMessageMoveTask of more than 500 messages a second is refused',
    async call(aws) {
      const { QueueArn } = await openDeadLetters(aws)
      return refusal(startMove(aws, QueueArn, { MaxNumberOfMessagesPerSecond: 501 }))
    },
    answer: '400 InvalidParameterValue',
  },
  {
    part,
    name: 'the URL of a missing queue',
    call: (aws) => refusal(aws.sqs.send(new GetQueueUrlCommand({ QueueName: aws.newName() }))),
    answer: '400 QueueDoesNotExist',
  },
  ...['a b', 'a'.repeat(81), 'a.fifo'].map(
    (QueueName): ConformanceCase => ({
      part,
      name: `CreateQueue with the name ${QueueName.slice(0, 6)} (${QueueName.length} characters) is refused`,
      call: (aws) => refusal(aws.sqs.send(new CreateQueueCommand({ QueueName }))),
      answer: '400 InvalidParameterValue',
    }),
  ),
  {
    part,
    name: 'CreateQueue with an unknown attribute is refused',
    call: (aws) => refusal(newQueue(aws, { Unknown: '1' })),
    answer: '400 InvalidAttributeName',
  },
  {
    part,
    name: 'a redrive policy whose queue does not exist is refused',
    async call(aws) {
      const { QueueArn } = await openQueue(aws, aws.newName())
      const policy = { deadLetterTargetArn: `${QueueArn}-missing`, maxReceiveCount: 2 }
      return refusal(newQueue(aws, { RedrivePolicy: JSON.stringify(policy) }))
    },
    answer: '400 InvalidParameterValue',
  },
  {
    part,
    name: 'a message comes without attributes that ReceiveMessage does not name',
    async call(aws) {
      const QueueUrl = await newQueue(aws)
      await send(aws, { QueueUrl, MessageAttributes: { a: { DataType: 'String', StringValue: 'b' } } })
      return (await receive(aws, QueueUrl, 5)).map(({ MessageAttributes }) => MessageAttributes)
    },
    answer: [undefined],
  },
  ...[
    ['a b', 'String', 'x'],
    ['AWS.a', 'String', 'x'],
    ['a', 'Text', 'x'],
    ['a', 'Number', 'x'],
  ].map(
    ([name = '', DataType, StringValue]): ConformanceCase => ({
      part,
      name: `an attribute ${name} of type ${DataType} with the value ${StringValue} is refused`,
      call: (aws) => send(aws, { MessageAttributes: { [name]: { DataType, StringValue } } }),
      answer: '400 InvalidParameterValue',
    }),
  ),
  {
    part,
    name: 'a MessageDeduplicationId on a standard queue is refused',
    call: (aws) => send(aws, { MessageDeduplicationId: 'a' }),
    answer: '400 InvalidParameterValue',
  },
  {
    part,
    name: 'a batch with an id of more than 80 characters is refused',
    call: (aws) => refusal(sendBatch(aws, [{ Id: 'a'.repeat(81), MessageBody: 'x' }])),
    answer: '400 InvalidBatchEntryId',
  },
  {
    part,
    name: 'DeleteMessage with an invalid receipt handle is refused',
    async call(aws) {
      const QueueUrl = await newQueue(aws)
      return refusal(aws.sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: 'x' })))
    },
    answer: '400 ReceiptHandleIsInvalid',
  },
]
