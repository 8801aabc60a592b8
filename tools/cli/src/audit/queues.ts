import {
  ChangeMessageVisibilityBatchCommand,
  GetQueueAttributesCommand,
  type Message,
  QueueDoesNotExist,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs'

/**
 * Every queue of the templates, by its name after `darkroom-{stage}-`: what its messages are, and whether the audit receives
 * them. SQS has no way to read a message without receiving it, and a receive counts: after a few, SQS moves a message to the
 * dead letters. So queues that a function empties are only counted, unless they allow a thousand receives or do not count.
 */
export const QUEUES = {
  images: { messages: 'of images', isReceived: false },
  'images-dead-letters': { messages: 'of images', isReceived: true },
  'images-parked': { messages: 'of images', isReceived: true },
  'images-watch': { messages: 'events of S3', isReceived: false },
  outcomes: { messages: 'events of S3', isReceived: false },
  'outcomes-dead-letters': { messages: 'events of S3', isReceived: true },
  undelivered: { messages: 'events of S3', isReceived: true },
  collect: { messages: 'events of the topic', isReceived: false },
  'collect-dead-letters': { messages: 'events of the topic', isReceived: false },
  'merge-dead-letters': { messages: 'SQL statements', isReceived: false },
} as const

export type QueueName = keyof typeof QUEUES
export const QUEUE_NAMES = Object.keys(QUEUES) as QueueName[]

/** The queues that the audit receives messages from. */
export type ReceivedQueue = {
  [Name in QueueName]: (typeof QUEUES)[Name]['isReceived'] extends true ? Name : never
}[QueueName]
export const RECEIVED = QUEUE_NAMES.filter((name): name is ReceivedQueue => QUEUES[name].isReceived)

/** The queues of an audited store. */
export interface AuditedQueues {
  sqs: SQSClient
  /** Of the image queue. The others' follow from it. */
  queueUrl: string
  /** How long a receive waits for a message before there is none. */
  waitSeconds: number
}

type CountedQueues = Pick<AuditedQueues, 'sqs' | 'queueUrl'>

/** The URL of a queue. The names of the others are known only if the image queue's ends as in the templates. */
export function urlOf({ queueUrl }: Pick<AuditedQueues, 'queueUrl'>, name: QueueName): string | undefined {
  if (name.startsWith('images')) return queueUrl + name.slice('images'.length)
  return queueUrl.endsWith('images') ? queueUrl.slice(0, -'images'.length) + name : undefined
}

const COUNTS = [
  'ApproximateNumberOfMessages',
  'ApproximateNumberOfMessagesNotVisible',
  'ApproximateNumberOfMessagesDelayed',
] as const

/**
 * How many messages a queue has, by SQS's own estimate: waiting, being processed, and delayed. Undefined if there is no such
 * queue, as its service is not deployed.
 */
export async function countMessages(queues: CountedQueues, name: QueueName): Promise<number | undefined> {
  const QueueUrl = urlOf(queues, name)
  if (QueueUrl === undefined) return undefined
  const command = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: [...COUNTS] })
  const answer = await queues.sqs.send(command).catch(undefinedIfMissing)
  return answer && COUNTS.reduce((sum, count) => sum + Number(answer.Attributes?.[count] ?? 0), 0)
}

function undefinedIfMissing(error: unknown): undefined {
  if (error instanceof QueueDoesNotExist) return undefined
  throw error
}

/** Messages that are still on their way to a result. */
export async function countOnTheWay(queues: CountedQueues): Promise<number> {
  const counts = [
    await countMessages(queues, 'images'),
    await countMessages(queues, 'images-dead-letters'),
  ] as const
  return (counts[0] ?? 0) + (counts[1] ?? 0)
}

/** At most this many messages of a queue are looked at. */
const MAX_PEEKED = 1_000
const HIDDEN_SECONDS = 60

/**
 * Up to 1,000 messages, which are hidden from other receivers for a moment. Undefined if there is no such queue.
 */
export async function peek(queues: AuditedQueues, name: ReceivedQueue): Promise<Message[] | undefined> {
  const QueueUrl = urlOf(queues, name)
  if (QueueUrl === undefined) return undefined
  const messages = new Map<string, Message>()
  while (messages.size < MAX_PEEKED) {
    const answer = await queues.sqs
      .send(
        new ReceiveMessageCommand({
          QueueUrl,
          MaxNumberOfMessages: 10,
          VisibilityTimeout: HIDDEN_SECONDS,
          MessageSystemAttributeNames: ['SentTimestamp'],
          WaitTimeSeconds: queues.waitSeconds,
        }),
      )
      .catch(undefinedIfMissing)
    if (!answer) return undefined
    const { Messages = [] } = answer
    if (Messages.length === 0) break
    for (const message of Messages) messages.set(message.MessageId ?? '', message)
  }
  await showAgain(queues.sqs, QueueUrl, [...messages.values()])
  return [...messages.values()]
}

async function showAgain(sqs: SQSClient, QueueUrl: string, messages: Message[]): Promise<void> {
  for (let from = 0; from < messages.length; from += 10) {
    const Entries = messages.slice(from, from + 10).map(({ ReceiptHandle }, index) => ({
      Id: String(index),
      ReceiptHandle,
      VisibilityTimeout: 0,
    }))
    await sqs.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl, Entries }))
  }
}
