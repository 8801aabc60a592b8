import { repeatedS3Event } from '@darkroom/core'
import { MINUTE_MS, QUEUES } from './settings.ts'
import { BUCKET, OUTCOMES, WATCH } from './system.ts'
import type { World } from './world.ts'

/** The notifications of image-processor's template. */
const NOTIFIED = /^(input|uploads|erasing|metadata)\//
const DOUBLED = 10
const LATEST_MS = 60 * MINUTE_MS
/** S3 and SNS try again while SQS is away. */
const RETRY_MS = 5 * MINUTE_MS

type Surroundings = Pick<World, 'sqs' | 'time' | 'start' | 'chance' | 'faults'>

/** @returns what sends S3's event of an object that was written: usually once and at once */
export function sendEvents({ sqs, time, start, chance, faults }: Surroundings): (key: string) => void {
  const written = new Map<string, number>()
  let writes = 0
  return (key) => {
    if (!NOTIFIED.test(key)) return
    const count = (written.get(key) ?? 0) + 1
    written.set(key, count)
    const event = `event ${count} of ${key}`
    if (faults.happens('eventLost', event)) return
    const repeated = JSON.stringify(repeatedS3Event(BUCKET, key, new Date(time.now())))
    // S3's own sequencers of a second are smaller than that of a repeated event.
    const body = repeated.replace(/F{8}"/, `${(writes++).toString(16).toUpperCase().padStart(8, '0')}"`)
    const [url, usualMs] = key.startsWith('metadata/') ? [OUTCOMES, 0] : [WATCH, QUEUES.watch.delayMs]
    const copies = faults.happens('eventDoubled', event) ? DOUBLED : 1
    for (let copy = 1; copy <= copies; copy++) {
      const id = `${event}, ${copy}`
      const lateMs = faults.happens('eventLate', id) ? chance.number(`lateness of ${id}`) * LATEST_MS : 0
      deliverLater({ sqs, time, start, faults }, { url, id, body }, usualMs + lateMs)
    }
  }
}

/** Sends a message of S3 or SNS to a queue, as soon as SQS is not away. */
export function deliverLater(
  world: Pick<World, 'sqs' | 'time' | 'start' | 'faults'>,
  message: { url: string; id: string; body: string },
  delayMs: number,
): void {
  const { sqs, time, start, faults } = world
  if (faults.isOut('sqs', time.now() - start)) {
    time.after(RETRY_MS, () => deliverLater(world, message, delayMs))
  } else sqs.deliver(message.url, message.id, message.body, delayMs)
}

/** What `darkroom events replay` sends for all documents, without its pace. */
export function replayEvents({ s3, sqs }: Pick<World, 's3' | 'sqs'>): void {
  for (const [key, { written }] of s3.objects) {
    if (!key.startsWith('metadata/')) continue
    sqs.deliver(
      OUTCOMES,
      `replayed ${key}`,
      JSON.stringify(repeatedS3Event(BUCKET, key, new Date(written))),
      0,
    )
  }
}
