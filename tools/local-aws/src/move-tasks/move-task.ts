import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import { callSqs, findQueue } from '../call-sqs.ts'

/** Messages that wait for the task's rate are invisible in the source meanwhile. */
const VISIBILITY_SECONDS = 30
const BATCH = 10

export interface MoveTaskOptions {
  sourceArn: string
  destinationArn: string
  /** Undefined if the messages return to the queue whose dead letters they are. */
  requestedDestination: string | undefined
  messagesPerSecond: number | undefined
  messagesToMove: number
}

export type MoveTaskStatus = 'RUNNING' | 'CANCELLING' | 'CANCELLED' | 'COMPLETED' | 'FAILED'

/** Moves messages from a dead-letter queue until it is empty. As in AWS, they are new messages in the destination. */
export class MoveTask {
  readonly handle: string
  readonly startedAt = Date.now()
  readonly options: MoveTaskOptions
  status: MoveTaskStatus = 'RUNNING'
  failureReason: string | undefined
  moved = 0
  readonly #app: FastifyInstance

  constructor(app: FastifyInstance, options: MoveTaskOptions) {
    this.#app = app
    this.options = options
    const task = JSON.stringify({ taskId: randomUUID(), sourceArn: options.sourceArn })
    this.handle = Buffer.from(task).toString('base64')
    this.#run().then(
      () => {
        this.status = this.status === 'CANCELLING' ? 'CANCELLED' : 'COMPLETED'
      },
      (error: Error) => {
        this.status = 'FAILED'
        this.failureReason = error.message
      },
    )
  }

  get isActive(): boolean {
    return this.status === 'RUNNING' || this.status === 'CANCELLING'
  }

  /** An entry of ListMessageMoveTasks. Only running tasks have a handle. */
  describe(): object {
    const { sourceArn, requestedDestination, messagesPerSecond, messagesToMove } = this.options
    return {
      ...(this.status === 'RUNNING' && { TaskHandle: this.handle }),
      Status: this.status,
      SourceArn: sourceArn,
      DestinationArn: requestedDestination,
      MaxNumberOfMessagesPerSecond: messagesPerSecond,
      ApproximateNumberOfMessagesMoved: this.moved,
      ApproximateNumberOfMessagesToMove: messagesToMove,
      FailureReason: this.failureReason,
      StartedTimestamp: this.startedAt,
    }
  }

  cancel(): void {
    if (this.isActive) this.status = 'CANCELLING'
  }

  async #run(): Promise<void> {
    const { sourceArn, destinationArn } = this.options
    for (;;) {
      const QueueUrl = await findQueue(this.#app, sourceArn)
      const { Messages = [] } = await this.#call(sourceArn, 'ReceiveMessage', {
        QueueUrl,
        MaxNumberOfMessages: this.options.messagesPerSecond ? 1 : BATCH,
        VisibilityTimeout: VISIBILITY_SECONDS,
        MessageAttributeNames: ['All'],
        AttributeNames: ['All'],
      })
      if (Messages.length === 0) return
      for (const { ReceiptHandle, ...message } of Messages) {
        if (this.status === 'CANCELLING') {
          await this.#call(sourceArn, 'ChangeMessageVisibility', {
            QueueUrl,
            ReceiptHandle,
            VisibilityTimeout: 0,
          })
          continue
        }
        await this.#send(destinationArn, message)
        await this.#call(sourceArn, 'DeleteMessage', { QueueUrl, ReceiptHandle })
        this.moved++
      }
      if (this.status === 'CANCELLING') return
      await this.#keepRate()
    }
  }

  #send(arn: string, { Body, MessageAttributes, Attributes = {} }: Omit<Received, 'ReceiptHandle'>) {
    const { MessageGroupId, MessageDeduplicationId } = Attributes
    return findQueue(this.#app, arn).then((QueueUrl) =>
      this.#call(arn, 'SendMessage', {
        QueueUrl,
        MessageBody: Body,
        MessageAttributes,
        MessageGroupId,
        MessageDeduplicationId,
      }),
    )
  }

  /** Waits until the next message is due. */
  async #keepRate(): Promise<void> {
    const { messagesPerSecond } = this.options
    if (!messagesPerSecond) return
    const dueAt = this.startedAt + (this.moved * 1000) / messagesPerSecond
    await sleep(Math.max(0, dueAt - Date.now()), undefined, { ref: false })
  }

  async #call(arn: string, action: string, body: object): Promise<{ Messages?: Received[] }> {
    const answer = await callSqs(this.#app, arn, action, body)
    if (answer.statusCode !== 200) throw new Error(answer.json<{ message: string }>().message)
    return answer.json()
  }
}

interface Received {
  ReceiptHandle: string
  Body: string
  MessageAttributes?: object
  Attributes?: { MessageGroupId?: string; MessageDeduplicationId?: string }
}
