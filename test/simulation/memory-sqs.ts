import type { SQSRecord } from 'aws-lambda'
import { shorten } from './chance.ts'
import type { Input } from './memory-s3.ts'

export interface QueueSettings {
  /** Its URL. */
  url: string
  visibilityTimeoutMs: number
  retentionMs: number
  /** Of each message, unless it is sent with another delay. */
  delayMs?: number
  /** Where messages go that were received too often. */
  deadLetters?: { url: string; maxReceives: number }
}

interface Message {
  id: string
  body: string
  /** When a receive may return it, Unix milliseconds. */
  visibleAt: number
  sentAt: number
  receives: number
  /** Of the last receive. */
  receipt?: string
  /** Earlier ones that are as good, because the message was delivered again while it was handled. */
  otherReceipts: string[]
}

/** Queues in memory: at least once, unordered, with visibility timeouts, delays, redrive and retention. */
export interface MemorySqs {
  messages(url: string): Message[]
  /** @throws what SQS answers */
  run(command: string, input: Input, name: string): unknown
  /** What Lambda's poller receives. */
  receive(url: string, limit: number): SQSRecord[]
  /** Takes a message from S3. */
  deliver(url: string, id: string, body: string, delayMs: number): void
  /** Delivers a message that is being handled once more. */
  redeliver(url: string, id: string, delayMs: number): void
  /** Delivers a copy of a message, even if it is deleted meanwhile: queues are at least once. */
  duplicate(url: string, id: string, delayMs: number): void
}

/** @param onVisible called when a message of a queue becomes visible in so many milliseconds */
export function createMemorySqs(
  settings: QueueSettings[],
  now: () => number,
  onVisible: (url: string, inMs: number) => void,
): MemorySqs {
  const queues = new Map(
    settings.map((queue) => [queue.url, { ...queue, messages: new Map<string, Message>() }]),
  )
  const queueOf = (url: string) => {
    const queue = queues.get(url)
    if (!queue) throw new Error(`there is no queue ${url}`)
    return queue
  }
  const add = (url: string, message: Message) => {
    queueOf(url).messages.set(message.id, message)
    onVisible(url, message.visibleAt - now())
  }
  const send = (url: string, id: string, body: string, delayMs = queueOf(url).delayMs ?? 0) => {
    const sentAt = now()
    const isRepeated = queueOf(url).messages.has(id)
    add(url, {
      id: isRepeated ? `${id}+` : id,
      body,
      visibleAt: sentAt + delayMs,
      sentAt,
      receives: 0,
      otherReceipts: [],
    })
  }
  const byReceipt = (url: string, receipt: string) =>
    [...queueOf(url).messages.values()].find(
      (message) => message.receipt === receipt || message.otherReceipts.includes(receipt),
    )

  const receive = (url: string, limit: number, hiddenMs: number): Message[] => {
    const { messages, retentionMs, deadLetters } = queueOf(url)
    const received: Message[] = []
    for (const message of [...messages.values()]) {
      // A dead letter is as old as the message that it was.
      if (message.sentAt + retentionMs <= now()) messages.delete(message.id)
      else if (message.visibleAt <= now() && received.length < limit) {
        if (deadLetters && message.receives >= deadLetters.maxReceives) {
          messages.delete(message.id)
          add(deadLetters.url, { ...message, receives: 0, visibleAt: now(), otherReceipts: [] })
          continue
        }
        message.receives += 1
        message.receipt = `${message.id}#${message.receives}`
        message.visibleAt = now() + hiddenMs
        onVisible(url, hiddenMs)
        received.push(message)
      }
    }
    return received
  }

  const commands: Record<string, (input: Input, name: string) => unknown> = {
    SendMessage: ({ QueueUrl, MessageBody, DelaySeconds }, name) => {
      const delayMs = DelaySeconds === undefined ? undefined : DelaySeconds * 1000
      send(QueueUrl, shorten(name), MessageBody, delayMs)
      return {}
    },
    SendMessageBatch: ({ QueueUrl, Entries }, name) => {
      for (const { Id, MessageBody } of Entries) send(QueueUrl, shorten(`${name} ${Id}`), MessageBody)
      return {}
    },
    GetQueueAttributes: ({ QueueUrl }) => {
      const messages = [...queueOf(QueueUrl).messages.values()]
      const visible = messages.filter(({ visibleAt }) => visibleAt <= now())
      return {
        Attributes: {
          ApproximateNumberOfMessages: String(visible.length),
          ApproximateNumberOfMessagesNotVisible: String(messages.length - visible.length),
        },
      }
    },
    ChangeMessageVisibility: ({ QueueUrl, ReceiptHandle, VisibilityTimeout }) => {
      const message = byReceipt(QueueUrl, ReceiptHandle)
      if (message) {
        message.visibleAt = now() + VisibilityTimeout * 1000
        onVisible(QueueUrl, VisibilityTimeout * 1000)
      }
      return {}
    },
    DeleteMessage: ({ QueueUrl, ReceiptHandle }) => {
      const message = byReceipt(QueueUrl, ReceiptHandle)
      if (message) queueOf(QueueUrl).messages.delete(message.id)
      return {}
    },
    ReceiveMessage: ({ QueueUrl, MaxNumberOfMessages = 1, VisibilityTimeout }) => {
      const hiddenMs =
        VisibilityTimeout === undefined ? queueOf(QueueUrl).visibilityTimeoutMs : VisibilityTimeout * 1000
      return {
        Messages: receive(QueueUrl, MaxNumberOfMessages, hiddenMs).map(({ id, receipt, body, receives }) => ({
          MessageId: id,
          ReceiptHandle: receipt,
          Body: body,
          Attributes: { ApproximateReceiveCount: String(receives) },
        })),
      }
    },
  }
  return {
    messages: (url) => [...queueOf(url).messages.values()],
    run: (command, input, name) => {
      const run = commands[command]
      if (!run) throw new Error(`the simulated SQS does not know ${command}`)
      return run(input, name)
    },
    deliver: send,
    receive: (url, limit) => receive(url, limit, queueOf(url).visibilityTimeoutMs).map(toRecord),
    redeliver: (url, id, delayMs) => {
      const message = queueOf(url).messages.get(id)
      if (!message?.receipt) return
      message.otherReceipts.push(message.receipt)
      message.visibleAt = now() + delayMs
      onVisible(url, delayMs)
    },
    duplicate: (url, id, delayMs) => {
      const message = queueOf(url).messages.get(id)
      if (message) add(url, { ...message, id: `${id}'`, visibleAt: now() + delayMs, otherReceipts: [] })
    },
  }
}

function toRecord({ id, body, receives, sentAt, receipt = '' }: Message): SQSRecord {
  return {
    messageId: id,
    receiptHandle: receipt,
    body,
    attributes: {
      ApproximateReceiveCount: String(receives),
      SentTimestamp: String(sentAt),
    } as SQSRecord['attributes'],
    messageAttributes: {},
    md5OfBody: '',
    eventSource: 'aws:sqs',
    eventSourceARN: 'arn:aws:sqs:us-east-1:000000000000:images',
    awsRegion: 'us-east-1',
  }
}
