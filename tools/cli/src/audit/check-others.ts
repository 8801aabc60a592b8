import { AppliedSettings } from '@darkroom/app-configuration'
import {
  type Bucket,
  findOriginal,
  getDocument,
  getReconciled,
  getRowsCompared,
  getSettings,
  getTablesMaintained,
  getText,
  listObjects,
  rejectedImage,
  type StoredObject,
} from '@darkroom/bucket'
import {
  credentialKey,
  eventOf,
  findOwner,
  ImageId,
  type ImageRef,
  PLACES,
  type Place,
  parseCollectedKey,
  parseCredentialKey,
  parseEventKey,
  parseHashKey,
  parseKeyRecord,
  parseLastUseKey,
  parseSettingsKey,
  placePrefix,
  RECONCILED_KEY,
  ROWS_COMPARED_KEY,
  TABLES_MAINTAINED_KEY,
} from '@darkroom/core'
import { type AuditContext, isSettled, pastRetention, type Unit } from './audit-context.ts'
import type { Breach } from './breaches.ts'

/** Each object of a place that is not sorted by image. */
export async function* unitsOf(
  { bucket }: AuditContext,
  place: Place,
  after: string | undefined,
  check: (object: StoredObject) => Promise<Breach[]>,
): AsyncGenerator<Unit> {
  for await (const object of listObjects(bucket, placePrefix(place), after)) {
    yield { position: object.key, objects: 1, check: () => check(object) }
  }
}

/** An object whose key names no image: it must be one of this version, and not past its retention. */
export async function checkLoose(context: AuditContext, object: StoredObject): Promise<Breach[]> {
  return findOwner(object.key) ? pastRetention(context, object) : [unknownObject(object)]
}

function unknownObject({ key }: Pick<StoredObject, 'key'>): Breach {
  return { class: 'unknown-object', key, detail: 'no part of Darkroom writes such a key' }
}

/** Events of many images: whether a document and its row agree is found in the catalogue. */
export async function checkCollected(context: AuditContext, object: StoredObject): Promise<Breach[]> {
  return parseCollectedKey(object.key) ? pastRetention(context, object) : [unknownObject(object)]
}

/** A pointer from bytes to the first image with them: that image must be stored, and not erased. */
export async function checkHash(context: AuditContext, object: StoredObject): Promise<Breach[]> {
  const ref = parseHashKey(object.key)
  if (!ref) return [unknownObject(object)]
  return [...pastRetention(context, object), ...(await checkPointer(context, object, ref.app))]
}

async function checkPointer(context: AuditContext, object: StoredObject, app: string): Promise<Breach[]> {
  const { key, written } = object
  const text = (await getText(context.bucket, key))?.text
  if (text === undefined || !isSettled(context, written)) return []
  const imageId = ImageId.safeParse(text).data
  if (imageId === undefined) return [{ class: 'orphan', key, detail: 'it does not contain an image id' }]
  const status = await statusOf(context.bucket, { app, imageId })
  if (status === 'erased') return [{ class: 'not-erased', key, detail: `${imageId} was erased` }]
  return status === 'none' ? [{ class: 'orphan', key, detail: `${imageId} is not stored` }] : []
}

/** `none` if neither a document nor an original is stored. */
export async function statusOf(bucket: Bucket, image: ImageRef): Promise<string> {
  const found = await getDocument(bucket, image)
  if (found) return found.document?.status ?? 'unreadable'
  return (await findOriginal(bucket, image)) ? 'queued' : 'none'
}

/** A refused Kafka record, which an erasure of its image deletes. */
export async function checkRejected(context: AuditContext, object: StoredObject): Promise<Breach[]> {
  const { key, written } = object
  const image = await rejectedImage(context.bucket, key)
  if (!image || !isSettled(context, written)) return checkLoose(context, object)
  const isErased = (await statusOf(context.bucket, image)) === 'erased'
  const detail = `${image.imageId} was erased`
  return [
    ...(await checkLoose(context, object)),
    ...(isErased ? [{ class: 'not-erased' as const, key, detail }] : []),
  ]
}

/** Kafka delivers a record for as long as its topic keeps it, so its image may still come. */
const MAX_DELIVERY_MS = 14 * 24 * 3_600_000

/** The id of an event. It stays after an erasure, so that a record that is delivered again is the same image. */
export async function checkEvent(context: AuditContext, object: StoredObject): Promise<Breach[]> {
  const { key, written } = object
  const event = parseEventKey(key)
  if (!event) return [unknownObject(object)]
  const expired = pastRetention(context, object)
  const text = (await getText(context.bucket, key))?.text
  if (text === undefined) return expired
  const image = { app: event.app, imageId: text }
  if (!ImageId.safeParse(text).success || eventOf(image).digest !== event.digest) {
    return [...expired, { class: 'orphan', key, detail: 'it does not contain an id of this event' }]
  }
  if (context.now - written.getTime() < MAX_DELIVERY_MS) return expired
  const isLost = (await statusOf(context.bucket, image)) === 'none'
  return isLost ? [...expired, { class: 'orphan', key, detail: `${text} is not stored` }] : expired
}

/** What was applied to an app can be read. */
export async function checkSettings({ bucket }: AuditContext, { key }: StoredObject): Promise<Breach[]> {
  const ref = parseSettingsKey(key)
  if (!ref) return [unknownObject({ key })]
  const text = await getSettings(bucket, ref.app)
  if (text === undefined || isAppliedSettings(text)) return []
  return [{ class: 'unknown-object', key, detail: 'no settings that functions can read' }]
}

/** What is done once a day can be read where it goes on. */
export async function checkReconciled({ bucket }: AuditContext, { key }: StoredObject): Promise<Breach[]> {
  const read = {
    [RECONCILED_KEY]: getReconciled,
    [ROWS_COMPARED_KEY]: getRowsCompared,
    [TABLES_MAINTAINED_KEY]: getTablesMaintained,
  }[key]
  if (!read) return [unknownObject({ key })]
  const isRead = (await read(bucket)) !== undefined
  return isRead ? [] : [{ class: 'unknown-object', key, detail: 'nothing that the next day can go on from' }]
}

function isAppliedSettings(text: string): boolean {
  try {
    return AppliedSettings.safeParse(JSON.parse(text)).success
  } catch {
    return false
  }
}

/** The record of an API key can be read, and a key that was used has one. */
export async function checkCredential({ bucket }: AuditContext, { key }: StoredObject): Promise<Breach[]> {
  const ref = parseCredentialKey(key) ?? parseLastUseKey(key)
  if (!ref) return [unknownObject({ key })]
  const text = (await getText(bucket, credentialKey(ref)))?.text
  if (text !== undefined && isKeyRecord(text)) return []
  return [{ class: 'orphan', key, detail: 'there is no readable record of this API key' }]
}

function isKeyRecord(text: string): boolean {
  try {
    return parseKeyRecord(text) !== undefined
  } catch {
    return false
  }
}

/** The last character of Unicode sorts after all keys with a prefix. */
const LAST = '\u{10ffff}'

/** Every object that is in no place that this version knows. Skips the places, so it takes few requests. */
export async function* strangers({ bucket }: AuditContext, after: string | undefined): AsyncGenerator<Unit> {
  let start = after
  for (let place: Place | undefined; ; start = place && placePrefix(place) + LAST) {
    place = undefined
    for await (const object of listObjects(bucket, '', start)) {
      place = PLACES.find((name) => object.key.startsWith(placePrefix(name)))
      if (place) break
      yield { position: object.key, objects: 1, check: async () => [unknownObject(object)] }
    }
    if (!place) return
  }
}
