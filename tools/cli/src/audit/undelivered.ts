import { HeadBucketCommand, NotFound } from '@aws-sdk/client-s3'
import { type Bucket, getText, listObjects, type StoredObject } from '@darkroom/bucket'
import { deriveImageId, eventOf, type ImageRef } from '@darkroom/core'
import { identifyRecord } from '@darkroom/kafka-bridge/identify-record'
import { readBatch } from '@darkroom/kafka-bridge/undelivered-batch'
import { type AuditContext, GRACE_MS, type Unit } from './audit-context.ts'
import type { Breach } from './breaches.ts'

const DAY_MS = 24 * 3_600_000

/** `MessageRetentionPeriod` of the queue whose events have the batches bridged: nothing tries a batch again after that. */
export const TRIED_DAYS = 14
/** `undeliveredRetentionDays` of kafka-bridge. */
export const UNDELIVERED_DAYS = 30

/**
 * The bucket of the Kafka records that Lambda gave up, by the name of the image bucket, as in the templates. Undefined if there is
 * none, as without kafka-bridge.
 */
export async function undeliveredOf(bucket: Bucket): Promise<Bucket | undefined> {
  const name = bucket.name.replace(/^darkroom-/, 'undelivered-')
  if (name === bucket.name) return undefined
  try {
    await bucket.s3.send(new HeadBucketCommand({ Bucket: name }))
    return { ...bucket, name }
  } catch (cause) {
    if (cause instanceof NotFound) return undefined
    throw new Error(`The bucket ${name} of undelivered records cannot be read.`, { cause })
  }
}

/** Each batch of records that Lambda gave up. */
export async function* undeliveredUnits(
  context: AuditContext,
  after: string | undefined,
): AsyncGenerator<Unit> {
  const { undelivered } = context
  if (!undelivered) return
  for await (const object of listObjects(undelivered, '', after))
    yield {
      position: object.key,
      objects: 1,
      check: () => checkBatch(context, undelivered, object),
    }
}

/** A batch is bridged and deleted within minutes, or tried again for as long as its event is in the queue. */
async function checkBatch(
  { now }: AuditContext,
  undelivered: Bucket,
  { key, written }: StoredObject,
): Promise<Breach[]> {
  const address = `${undelivered.name}/${key}`
  const age = now - written.getTime()
  if (age > UNDELIVERED_DAYS * DAY_MS + GRACE_MS) {
    const detail = `its retention ended ${UNDELIVERED_DAYS} days after ${written.toISOString().slice(0, 10)}`
    return [{ class: 'past-retention', key: address, detail }]
  }
  const stored = await getText(undelivered, key)
  if (!stored) return []
  if (!tryToRead(stored.text)) {
    return [
      { class: 'unknown-object', key: address, detail: 'it is no batch of records as Lambda writes it' },
    ]
  }
  if (age <= TRIED_DAYS * DAY_MS) return []
  const detail = `nothing tries its records again: the event of its batch is older than ${TRIED_DAYS} days`
  return [{ class: 'orphan', key: address, detail }]
}

function tryToRead(text: string): ReturnType<typeof readBatch> | undefined {
  try {
    return readBatch(text)
  } catch {
    return undefined
  }
}

/** The batches that have a record of an image, whatever its time, and those that cannot be read. */
export async function findUndelivered(
  undelivered: Bucket,
  image: ImageRef,
): Promise<{ batches: number; unreadable: string[]; found: string[] }> {
  const looked = { batches: 0, unreadable: [] as string[], found: [] as string[] }
  for await (const { key } of listObjects(undelivered, '')) {
    const stored = await getText(undelivered, key)
    if (!stored) continue
    looked.batches += 1
    const batch = tryToRead(stored.text)
    if (!batch) looked.unreadable.push(`${undelivered.name}/${key}`)
    else if (batch.records.some((record) => isOf(image, record)))
      looked.found.push(`${undelivered.name}/${key}`)
  }
  return looked
}

type KafkaRecord = Parameters<typeof identifyRecord>[0]

/** The app of the topic is not known here, so a record counts if it would be this image of this app. */
function isOf(image: ImageRef, record: KafkaRecord): boolean {
  try {
    const { identity } = identifyRecord(record, { [record.topic]: image.app })
    const time = Number.isNaN(identity.time.getTime()) ? new Date(0) : identity.time
    const derived = { app: image.app, imageId: deriveImageId({ ...identity, time }) }
    return eventOf(derived).digest === eventOf(image).digest
  } catch {
    // A record that identifies no image.
    return false
  }
}
