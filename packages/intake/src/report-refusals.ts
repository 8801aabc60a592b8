import { SendMessageBatchCommand, type SQSClient } from '@aws-sdk/client-sqs'
import {
  type AppId,
  eventMediaType,
  type ImageRefused,
  type ProblemError,
  type Refusal,
  toAsciiJson,
} from '@darkroom/core'

/** Where refusals are reported to, and by whom. */
export interface RefusalReports {
  sqs: SQSClient
  /** The queue of outcomes, see `outcomesQueueOf`. */
  queueUrl: string
  /** The CloudEvents `source`, e.g. `/darkroom/upload-api`. */
  source: string
  origin: Refusal['origin']
  /** Called for refusals that no event will count: for a log and a metric. */
  onDropped: (refusals: number, error?: Error) => void
}

/** An image that was refused. */
interface RefusedImage {
  app: AppId
  problem: ProblemError
  userAgent?: Refusal['user_agent']
}

export interface RefusalReporter {
  /** Counts refusals, and sends what is due. It never throws. */
  report(...refused: RefusedImage[]): Promise<void>
  /** Sends what earlier calls have counted, if it is due. It never throws. */
  sendDue(): Promise<void>
  /** Begins as a new instance does. For simulations, in which time begins again. */
  forget(): void
}

/** The queue of outcomes has the name of the image queue with another end, in image-processor's template. */
export function outcomesQueueOf(imageQueueUrl: string): string {
  return imageQueueUrl.replace(/images$/, 'outcomes')
}

/** SQS takes as many messages in one request. */
const MAX_KINDS = 10
/** An instance of a function sends this many requests at once, and then one in so many milliseconds. */
const MAX_BURST = 5
const REFILL_MS = 10_000
/** Somebody waits for the answer. */
const MAX_SENDING_MS = 500

/**
 * Reports refusals as `image.refused.v1`. An instance of a function sends the first ones at once. When it has sent five requests, it
 * counts by kind, and sends what it has counted every ten seconds, while it has requests to serve. So whoever is refused a million
 * times costs a few events.
 */
export function createRefusalReporter(reports: RefusalReports): RefusalReporter {
  const { onDropped } = reports
  const counted = new Map<string, Refusal>()
  let requests = createBucket()

  const count = (refusal: Refusal) => {
    const kind = kindOf(refusal)
    const known = counted.get(kind)
    if (known) counted.set(kind, add(known, refusal))
    else if (counted.size < MAX_KINDS) counted.set(kind, refusal)
    else onDropped(refusal.refusals)
  }
  const sendDue = async () => {
    if (counted.size === 0 || !requests.take()) return
    const refusals = [...counted.values()]
    counted.clear()
    const lost = await send(reports, refusals)
    const dropped = lost.refusals.reduce((sum, refusal) => sum + refusal.refusals, 0)
    if (dropped > 0) onDropped(dropped, lost.error)
    // The next requests do not wait for a queue that does not answer.
    if (lost.error) requests.empty()
  }
  return {
    report: async (...refused) => {
      for (const image of refused) count(toRefusal(reports, image))
      await sendDue()
    },
    sendDue,
    forget: () => {
      counted.clear()
      requests = createBucket()
    },
  }
}

/** A token bucket. If the clock was set back, it is full again. */
function createBucket(): { take(): boolean; empty(): void } {
  let tokens = MAX_BURST
  let filledAt = 0
  const refill = () => {
    const elapsed = Date.now() - filledAt
    const refilled = elapsed < 0 ? MAX_BURST : Math.floor(elapsed / REFILL_MS)
    if (refilled === 0) return
    tokens = Math.min(MAX_BURST, tokens + refilled)
    filledAt = Date.now()
  }
  return {
    take() {
      refill()
      if (tokens === 0) return false
      tokens -= 1
      return true
    },
    empty: () => {
      tokens = 0
    },
  }
}

function toRefusal({ origin }: RefusalReports, { app, problem, userAgent }: RefusedImage): Refusal {
  const { bytes, declaredType, foundType } = problem.content
  return {
    schema_version: 1,
    app,
    origin,
    refusal_type: problem.slug,
    refusals: 1,
    bytes,
    declared_type: eventMediaType(declaredType),
    found_type: eventMediaType(foundType),
    user_agent: userAgent,
  }
}

function kindOf({ app, refusal_type, declared_type, found_type, user_agent }: Refusal): string {
  return [app, refusal_type, declared_type, found_type, user_agent].join(' ')
}

function add(one: Refusal, other: Refusal): Refusal {
  const bytes = one.bytes === undefined && other.bytes === undefined ? undefined : sum(one.bytes, other.bytes)
  return { ...one, refusals: one.refusals + other.refusals, bytes }
}

const sum = (one = 0, other = 0) => one + other

/** @returns those that SQS did not take. They are not sent again: SQS may have taken them all the same */
async function send(
  { sqs, queueUrl, source }: RefusalReports,
  refusals: Refusal[],
): Promise<{ refusals: Refusal[]; error?: Error }> {
  const Entries = refusals.map((data, n) => ({ Id: String(n), MessageBody: toMessage(source, data) }))
  const command = new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries })
  try {
    const { Failed = [] } = await sqs.send(command, { abortSignal: AbortSignal.timeout(MAX_SENDING_MS) })
    const failed = new Set(Failed.map(({ Id }) => Id))
    return { refusals: refusals.filter((_, n) => failed.has(String(n))) }
  } catch (error) {
    return { refusals, error: error as Error }
  }
}

function toMessage(source: string, data: Refusal): string {
  const event: ImageRefused = {
    specversion: '1.0',
    id: crypto.randomUUID(),
    source,
    type: 'image.refused.v1',
    time: new Date().toISOString(),
    datacontenttype: 'application/json',
    data,
  }
  return toAsciiJson(event)
}
