import type { FastifyInstance, FastifyReply } from 'fastify'
import * as z from 'zod'
import { callSqs, findQueue } from '../call-sqs.ts'
import { MoveTask } from './move-task.ts'

/** SQS keeps no more of a queue's tasks either. */
const MAX_RESULTS = 10

const Start = z.object({
  SourceArn: z.string(),
  DestinationArn: z.string().optional(),
  MaxNumberOfMessagesPerSecond: z.int().min(1).max(500).optional(),
})
const List = z.object({ SourceArn: z.string(), MaxResults: z.int().min(1).max(MAX_RESULTS).default(1) })
const Cancel = z.object({ TaskHandle: z.string() })

class Refusal extends Error {
  readonly code: string
  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

/**
 * Adds StartMessageMoveTask, ListMessageMoveTasks and CancelMessageMoveTask. Tasks are in memory.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html
 */
export function serveMoveTasks(app: FastifyInstance): void {
  const tasks: MoveTask[] = []
  const actions: Record<string, (body: unknown) => Promise<object>> = {
    'AmazonSQS.StartMessageMoveTask': (body) => start(app, parse(Start, body), tasks),
    'AmazonSQS.ListMessageMoveTasks': (body) => list(app, parse(List, body), tasks),
    'AmazonSQS.CancelMessageMoveTask': async (body) => cancel(parse(Cancel, body).TaskHandle, tasks),
  }
  app.addHook('preHandler', async ({ headers, body }, reply) => {
    const action = actions[String(headers['x-amz-target'])]
    if (!action) return
    try {
      return answer(reply, await action(body))
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      const { code, message } = error
      reply.status(400).header('x-amzn-query-error', `${code};Sender`)
      return answer(reply, { __type: `com.amazonaws.sqs#${code}`, message })
    }
  })
  app.addHook('preClose', () => {
    for (const task of tasks) task.cancel()
  })
}

const answer = (reply: FastifyReply, body: object) =>
  reply.header('content-type', 'application/x-amz-json-1.0').send(JSON.stringify(body))

function parse<Schema extends z.ZodType>(schema: Schema, body: unknown): z.infer<Schema> {
  const { data, error } = schema.safeParse(body)
  if (data !== undefined) return data
  const [issue] = error?.issues ?? []
  const name = String(issue?.path[0])
  throw Object.hasOwn(body as object, name)
    ? new Refusal('InvalidParameterValue', `The value of ${name} is invalid: ${issue?.message}`)
    : new Refusal('MissingParameter', `The request must contain the parameter ${name}.`)
}

async function start(
  app: FastifyInstance,
  { SourceArn, DestinationArn, MaxNumberOfMessagesPerSecond }: z.infer<typeof Start>,
  tasks: MoveTask[],
): Promise<object> {
  const QueueUrl = await requireQueue(app, 'SourceArn', SourceArn)
  const sources = await sourcesOf(app, SourceArn)
  if (sources.length === 0) {
    throw new Refusal('InvalidParameterValue', 'Source queue must be configured as a Dead Letter Queue.')
  }
  if (DestinationArn) await checkDestination(app, SourceArn, DestinationArn)
  const [onlySource = '', ...others] = sources
  if (!DestinationArn && others.length > 0) {
    throw new Refusal(
      'UnsupportedOperation',
      'This server does not keep the source of a message. The queue has several sources: name a DestinationArn.',
    )
  }
  if (tasks.some((task) => task.options.sourceArn === SourceArn && task.isActive)) {
    throw new Refusal('InvalidParameterValue', 'There is already a task running for this source queue.')
  }
  const { ApproximateNumberOfMessages } = await attributesOf(app, SourceArn, QueueUrl)
  const task = new MoveTask(app, {
    sourceArn: SourceArn,
    destinationArn: DestinationArn ?? onlySource,
    requestedDestination: DestinationArn,
    messagesPerSecond: MaxNumberOfMessagesPerSecond,
    messagesToMove: Number(ApproximateNumberOfMessages),
  })
  tasks.unshift(task)
  return { TaskHandle: task.handle }
}

/** The newest first. */
async function list(
  app: FastifyInstance,
  { SourceArn, MaxResults }: z.infer<typeof List>,
  tasks: readonly MoveTask[],
): Promise<object> {
  await requireQueue(app, 'SourceArn', SourceArn)
  const own = tasks.filter(({ options }) => options.sourceArn === SourceArn)
  return { Results: own.slice(0, MaxResults).map((task) => task.describe()) }
}

function cancel(handle: string, tasks: readonly MoveTask[]): object {
  const task = tasks.find((task) => task.handle === handle)
  if (!task) throw new Refusal('ResourceNotFoundException', 'There is no task with this handle.')
  if (task.status !== 'RUNNING') {
    throw new Refusal('UnsupportedOperation', `Only a running task can be cancelled. It is ${task.status}.`)
  }
  task.cancel()
  return { ApproximateNumberOfMessagesMoved: task.moved }
}

async function checkDestination(app: FastifyInstance, source: string, destination: string): Promise<void> {
  await requireQueue(app, 'DestinationArn', destination)
  if (destination === source) {
    throw new Refusal('InvalidParameterValue', 'The source queue and the destination queue are the same.')
  }
  if (destination.endsWith('.fifo') !== source.endsWith('.fifo')) {
    throw new Refusal(
      'InvalidParameterValue',
      'The source and the destination must be of the same queue type.',
    )
  }
}

async function requireQueue(app: FastifyInstance, parameter: string, arn: string): Promise<string> {
  if (!/^arn:[\w-]+:sqs:[\w-]+:\d{12}:[\w.-]+$/.test(arn)) {
    throw new Refusal('InvalidParameterValue', `${parameter} is not the ARN of a queue.`)
  }
  const url = await findQueue(app, arn)
  if (url) return url
  throw new Refusal(
    'ResourceNotFoundException',
    `The resource that you specified for the ${parameter} parameter doesn't exist.`,
  )
}

/** The ARNs of the queues whose dead letters a queue gets. */
async function sourcesOf(app: FastifyInstance, arn: string): Promise<string[]> {
  const queues = await callSqs(app, arn, 'ListQueues', {})
  const urls = queues.json<{ QueueUrls?: string[] }>().QueueUrls ?? []
  const all = await Promise.all(urls.map((url) => attributesOf(app, arn, url)))
  return all
    .filter(({ RedrivePolicy = '{}' }) => JSON.parse(RedrivePolicy).deadLetterTargetArn === arn)
    .map(({ QueueArn = '' }) => QueueArn)
}

async function attributesOf(app: FastifyInstance, arn: string, QueueUrl: string) {
  const answer = await callSqs(app, arn, 'GetQueueAttributes', { QueueUrl, AttributeNames: ['All'] })
  return answer.json<{ Attributes?: Record<string, string> }>().Attributes ?? {}
}
