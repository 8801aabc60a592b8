import { inputKey, parseInputKey } from '@darkroom/core'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { MSKRecord } from 'aws-lambda'
import fc from 'fast-check'
import { type Fault, injectFaults } from '../test/inject-faults.ts'
import { CLOUD_EVENT, kafkaRecord, structuredEvent, TIMESTAMP, tinyImage } from '../test/kafka-records.ts'
import { imageOf, NO_FAILURES, type OpenBridge, openBridge } from '../test/open-bridge.ts'

let local: OpenBridge
beforeAll(async () => {
  local = await openBridge()
})
afterAll(() => local.stop())

const PARTITIONS = 2
const imageIdOf = (record: MSKRecord) => imageOf(record).imageId

/** A record of a topic. An event can occur several times, in any partition and either mode. */
const entry = fc.record({
  event: fc.nat({ max: 5 }),
  partition: fc.nat({ max: PARTITIONS - 1 }),
  structured: fc.boolean(),
})
type Entry = typeof entry extends fc.Arbitrary<infer Type> ? Type : never
/** A topic, and the topics recreated under its name after it was deleted: their offsets start at zero again. */
const topics = fc.array(fc.array(entry, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 3 })

/** How a topic is read: in batches of some length, sometimes from an earlier position. */
const step = fc.record({ take: fc.integer({ min: 1, max: 4 }), back: fc.nat({ max: 2 }) })
type Step = typeof step extends fc.Arbitrary<infer Type> ? Type : never
const steps = fc.array(step, { minLength: 1, maxLength: 10 })

/** Faults of the service's requests to S3, in order; later requests succeed. */
const faults = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.constant<Fault>(undefined) },
    { weight: 1, arbitrary: fc.constantFrom<Fault>('lost', 'unanswered') },
  ),
  { maxLength: 40, size: 'max' },
)

/** Makes the events of each run unique. */
let runs = 0

function recordOf({ event, partition, structured }: Entry, run: number, offset: number, topic: number) {
  const identity = { id: `event-${event}`, source: `/run-${run}` }
  // The broker's timestamp differs for each record; the event's time does not.
  const position = { partition, offset, timestamp: TIMESTAMP + 1000 * (offset + 100 * topic) }
  const value = tinyImage(event)
  if (structured) return structuredEvent({ ...identity, data_base64: value.toString('base64') }, position)
  const headers = { ...CLOUD_EVENT, 'content-type': '', ce_id: identity.id, ce_source: identity.source }
  return kafkaRecord({ value, headers, ...position })
}

/** The records of a topic by partition, each with its offset. */
function write(entries: Entry[], run: number, topic: number): MSKRecord[][] {
  return Array.from({ length: PARTITIONS }, (_, partition) =>
    entries
      .filter((each) => each.partition === partition)
      .map((each, offset) => recordOf(each, run, offset, topic)),
  )
}

/** Reads a topic to its end, as Lambda does: a partition continues from where the response says that it stopped. */
async function consume(partitions: MSKRecord[][], steps: Step[]) {
  const positions = partitions.map(() => 0)
  const isAtEnd = () => partitions.every((records, n) => positions[n] === records.length)
  for (let turn = 0; !isAtEnd(); turn++) {
    const { take, back } = steps[turn % steps.length] as Step
    const batches = partitions.map((records, n) => {
      const position = positions[n] ?? 0
      return records.slice(Math.max(0, position - back), position + take)
    })
    const { batchItemFailures } = await local.bridge(...batches.flat())
    for (const [n, batch] of batches.entries()) {
      const failure = batchItemFailures.find(({ itemIdentifier }) =>
        itemIdentifier.partition.endsWith(`-${n}`),
      )
      const last = batch.at(-1)
      if (last) positions[n] = failure ? failure.itemIdentifier.offset : last.offset + 1
    }
  }
}

test('the same event is the same image, stored once and enqueued as one, however often it is delivered', async () => {
  await fc.assert(
    fc.asyncProperty(topics, steps, faults, async (written, steps, faults) => {
      const run = ++runs
      let requests = 0
      const end = injectFaults(local.clients, (name) =>
        name === 'SendMessageCommand' ? undefined : faults[requests++],
      )
      const all: MSKRecord[] = []
      for (const [number, entries] of written.entries()) {
        const partitions = write(entries, run, number)
        all.push(...partitions.flat())
        await consume(partitions, steps)
      }
      end()
      const ids = new Set(all.map(imageIdOf))
      expect(ids.size).toBe(new Set(written.flat().map(({ event }) => event)).size)
      await expectStoredAndEnqueued(ids)
    }),
    { numRuns: 15 },
  )
})

/** Only these images are stored, and repeated messages of an image are identical. */
async function expectStoredAndEnqueued(ids: Set<string>) {
  const keys = await local.imageKeys()
  expect(new Set(keys.map((key) => parseInputKey(key)?.imageId))).toEqual(ids)
  expect(keys).toHaveLength(ids.size)
  const messages = await local.takeMessages()
  expect(new Set(messages.map(({ data }) => data.imageId))).toEqual(ids)
  for (const id of ids) {
    const same = messages.filter(({ data }) => data.imageId === id)
    expect(new Set(same.map((message) => JSON.stringify(message))).size).toBe(1)
  }
  await local.clear()
}

test('distinct events are distinct images', () => {
  const event = fc.record({
    ce_id: fc.string({ minLength: 1 }),
    ce_source: fc.string({ minLength: 1 }),
    ce_time: fc.date({ min: new Date(0), max: new Date(Date.UTC(2100, 0)), noInvalidDate: true }),
  })
  fc.assert(
    fc.property(fc.uniqueArray(event, { selector: (each) => JSON.stringify(each) }), (events) => {
      const ids = events.map(({ ce_time, ...headers }) =>
        imageIdOf(kafkaRecord({ headers: { ...CLOUD_EVENT, ...headers, ce_time: ce_time.toISOString() } })),
      )
      expect(new Set(ids).size).toBe(events.length)
    }),
  )
})

describe('bare bytes, identified by their position', () => {
  const bare = (parts: Partial<MSKRecord>) => ({ ...kafkaRecord({ value: tinyImage(1) }), ...parts })

  test('are the same image when they are delivered again', async () => {
    await local.clear()
    const record = bare({ offset: 7 })
    expect(await local.bridge(record)).toEqual(NO_FAILURES)
    expect(await local.bridge(record)).toEqual(NO_FAILURES)
    expect(await local.imageKeys()).toEqual([inputKey(imageOf(record))])
  })

  test('are another image when they are sent again, even to the same position of a new topic', async () => {
    await local.clear()
    const records = [
      bare({ offset: 7 }),
      bare({ offset: 8 }),
      bare({ offset: 7, partition: 1 }),
      bare({ offset: 7, timestamp: TIMESTAMP + 1 }),
    ]
    for (const record of records) await local.bridge(record)
    expect(await local.keys('input/')).toHaveLength(records.length)
  })

  test('at different positions or times are different images', () => {
    const position = fc.record({
      partition: fc.nat({ max: 1000 }),
      offset: fc.maxSafeNat(),
      timestamp: fc.integer({ min: 0, max: Date.UTC(2100, 0) }),
    })
    fc.assert(
      fc.property(position, position, (one, other) => {
        const isSame = JSON.stringify(one) === JSON.stringify(other)
        expect(imageIdOf(bare(one)) === imageIdOf(bare(other))).toBe(isSame)
      }),
    )
  })
})
