import { metadataKey, s3Uri } from '@darkroom/core'
import { deliverLater } from './s3-events.ts'
import { MINUTE_MS } from './settings.ts'
import { BUCKET, COLLECT } from './system.ts'
import type { World } from './world.ts'

/** The share of images whose documents are treated as too large for SNS. */
const LARGE_SHARE = 0.1
const DOUBLED = 2
const LATEST_MS = 20 * MINUTE_MS

type Surroundings = Pick<World, 'sqs' | 'time' | 'start' | 'chance' | 'faults' | 'sabotage'>

/** @returns what delivers an event of the topic to the collector's queue, as its subscription does: usually once and at once */
export function deliverToCollector({ chance, faults, sabotage, ...world }: Surroundings) {
  const delivered = new Map<string, number>()
  return (message: string): void => {
    if (sabotage.unsubscribed) return
    const { id } = JSON.parse(message)
    const count = (delivered.get(id) ?? 0) + 1
    delivered.set(id, count)
    const delivery = `delivery ${count} of ${id}`
    const copies = faults.happens('eventDoubled', delivery) ? DOUBLED : 1
    for (let copy = 1; copy <= copies; copy++) {
      const name = `${delivery}, ${copy}`
      const lateMs = faults.happens('eventLate', name) ? chance.number(`lateness of ${name}`) * LATEST_MS : 0
      deliverLater({ ...world, faults }, { url: COLLECT, id: name, body: asSent(message, chance) }, lateMs)
    }
  }
}

/** As the announcing function does it with documents over SNS's limit, of which these histories have none. */
function asSent(message: string, chance: World['chance']): string {
  const { data, ...envelope } = JSON.parse(message)
  const isOutcome = 'sequence' in envelope
  if (!isOutcome || !chance.happens(`${envelope.subject} is large`, LARGE_SHARE)) return message
  const key = metadataKey({ app: data.app, imageId: envelope.subject })
  return JSON.stringify({ ...envelope, dataref: s3Uri(BUCKET, key) })
}
