import { findHashes, getText, type OriginalHashes, type StoredObject } from '@darkroom/bucket'
import {
  holdKey,
  inputKey,
  metadataKey,
  type Place,
  readDocument,
  type StoredDocument,
  type StoredProcessed,
} from '@darkroom/core'
import { type AcceptedImage, isPastDeadline } from '@darkroom/retention'
import { type AuditContext, isSettled, pastRetention } from './audit-context.ts'
import type { Breach, BreachClass } from './breaches.ts'
import { checkChained } from './check-receipts.ts'
import type { Status } from './check-statuses.ts'
import { type GatheredImage, gatherImage } from './join-images.ts'

/**
 * Checks all that is stored under an image's keys. What looks wrong is looked at again, because the store was listed while
 * it changed.
 */
export async function checkImage(context: AuditContext, gathered: GatheredImage): Promise<CheckedImage> {
  const checked = await checkOnce(context, gathered)
  if (checked.breaches.length === 0 || (await isStillUnfinished(context, gathered, checked))) return checked
  return checkOnce(context, await gatherImage(context.bucket, gathered.image))
}

/** The status of an image, and what is wrong with it. */
export interface CheckedImage {
  status: Status
  breaches: Breach[]
}

/** The usual breach while images wait, so it is looked at again with one request. */
async function isStillUnfinished(
  { bucket }: AuditContext,
  { image }: GatheredImage,
  { breaches }: CheckedImage,
): Promise<boolean> {
  if (breaches.some(({ class: kind }) => kind !== 'unfinished')) return false
  return (await getText(bucket, metadataKey(image))) === undefined
}

/** One read, and one HEAD request if the original's hash is needed, unless the audit looks into the bytes. */
async function checkOnce(context: AuditContext, gathered: GatheredImage): Promise<CheckedImage> {
  const { bucket } = context
  const { image, objects } = gathered
  const [document] = objects.metadata ?? []
  const [original] = objects.input ?? []
  const [stored, hashes] = await Promise.all([
    document && getText(bucket, document.key),
    original && needsHashes(context, original, document) && findHashes(bucket, image),
  ])
  const read = stored && readDocument(stored.text, image)
  const facts = {
    context,
    gathered,
    document: read?.document,
    written: document?.written,
    hashes: hashes || undefined,
  }
  const breaches = [
    ...Object.values(objects)
      .flat()
      .flatMap((object) => pastRetention(context, object)),
    ...(read?.unreadable === undefined
      ? []
      : [breach('unreadable-document', metadataKey(image), read.unreadable)]),
    ...(read?.foreignKeys ?? []).map((key) =>
      breach('foreign-reference', metadataKey(image), `it lists ${key}, which is not of this image`),
    ),
    ...(read?.unreadable === undefined ? checkStatus(facts) : []),
    ...checkHold(facts),
    ...checkMarks(facts),
    ...(stored && isSettledErasure(facts) ? await checkChained(context, image, stored) : []),
    ...(await checkBytes(facts)),
  ]
  const withoutDocument = original ? 'queued' : 'none'
  return { status: read ? (read.document?.status ?? 'unknown') : withoutDocument, breaches }
}

/**
 * The image processor took the hash in the document from the bytes, and objects cannot be changed, only written again. So an
 * original that is older than its document is the one that was processed. AWS rounds times to seconds.
 */
function needsHashes({ hashes }: AuditContext, original: StoredObject, document?: StoredObject): boolean {
  return hashes === true || !document || original.written.getTime() >= document.written.getTime()
}

interface Facts {
  context: AuditContext
  gathered: GatheredImage
  document: StoredDocument | undefined
  /** When the document was written. */
  written: Date | undefined
  hashes: OriginalHashes | undefined
}

function breach(kind: BreachClass, key: string, detail: string): Breach {
  return { class: kind, key, detail }
}

function checkStatus(facts: Facts): Breach[] {
  const { document } = facts
  switch (document?.status) {
    case undefined:
      return checkUnfinished(facts)
    case 'processed':
      return [...checkOriginal(facts, document), ...checkVariants(facts, document), ...checkUploads(facts)]
    case 'failed':
      return [...checkOriginal(facts, document), ...orphans(facts, ['processed']), ...checkUploads(facts)]
    case 'erased':
      return checkErased(facts)
    default:
      // Of a later version: nobody knows what belongs to it.
      return []
  }
}

function checkUnfinished(facts: Facts): Breach[] {
  const { context, gathered, hashes } = facts
  const [original] = gathered.objects.input ?? []
  if (!original) return orphans(facts, ['processed'])
  const wrong = hashes?.byS3 !== undefined && hashes.stated !== undefined && hashes.byS3 !== hashes.stated
  if (wrong) return [breach('wrong-bytes', original.key, 'S3 computed another SHA-256 than its metadata has')]
  if (!isSettled(context, original.written)) return []
  return [
    breach('unfinished', original.key, `stored ${original.written.toISOString()}, and there is no document`),
  ]
}

/** An image that was refused before it was stored has a document and no original. */
function checkOriginal({ context, gathered, hashes }: Facts, document: StoredDocument): Breach[] {
  const { image, objects } = gathered
  const [original] = objects.input ?? []
  const wasStored = 'receive_count' in document && document.receive_count !== undefined
  if (!original) {
    const isKept =
      wasStored && !isPastDeadline(context.retention, acceptanceOf(document), 'input', context.now)
    const isExpected = document.status === 'failed' && document.failure_type === 'source-expired'
    return isKept && !isExpected ? [breach('missing-original', inputKey(image), 'it is not stored')] : []
  }
  const difference = findDifference(document, original, hashes)
  return difference ? [breach('wrong-bytes', original.key, difference)] : []
}

const acceptanceOf = ({ app, accepted_at: acceptedAt }: StoredDocument): AcceptedImage => ({
  app,
  acceptedAt,
})

function findDifference(
  document: StoredDocument,
  { bytes }: StoredObject,
  hashes: OriginalHashes | undefined,
): string | undefined {
  if ('bytes' in document && document.bytes !== undefined && document.bytes !== bytes) {
    return `it has ${bytes} bytes, by the document ${document.bytes}`
  }
  const { sha256 } = 'sha256' in document ? document : {}
  if (sha256 === undefined) return undefined
  if (hashes?.byS3 !== undefined && hashes.byS3 !== sha256) {
    return `S3 computed the SHA-256 ${hashes.byS3}, the document has ${sha256}`
  }
  return hashes?.stated !== undefined && hashes.stated !== sha256
    ? `its metadata has the SHA-256 ${hashes.stated}, the document ${sha256}`
    : undefined
}

function checkVariants(facts: Facts, document: StoredProcessed): Breach[] {
  const { context, gathered } = facts
  const { objects } = gathered
  const stored = new Map((objects.processed ?? []).map((variant) => [variant.key, variant]))
  const isKept = !isPastDeadline(context.retention, acceptanceOf(document), 'processed', context.now)
  const wrong = document.variants.flatMap(({ key, bytes }) => {
    const variant = stored.get(key)
    if (!variant) return isKept ? [breach('missing-variant', key, 'the document lists it')] : []
    if (variant.bytes === bytes) return []
    return [breach('wrong-bytes', key, `it has ${variant.bytes} bytes, by the document ${bytes}`)]
  })
  const listed = new Set(document.variants.map(({ key }) => key))
  const unlisted = [...stored.values()].filter(({ key }) => !listed.has(key))
  return [...wrong, ...orphansOf(facts, unlisted, 'no document lists it')]
}

/** What is uploaded again after the image was accepted is deleted because of its event of S3. */
function checkUploads(facts: Facts): Breach[] {
  return [...orphans(facts, ['uploads']), ...partsOf(facts, 'orphan', 'its image is finished')]
}

function partsOf({ context, gathered }: Facts, kind: BreachClass, why: string): Breach[] {
  return gathered.parts
    .filter(({ initiated }) => isSettled(context, initiated))
    .map(({ key, uploadId }) => breach(kind, key, `multipart upload ${uploadId}: ${why}`))
}

function orphans(facts: Facts, places: Place[]): Breach[] {
  const objects = places.flatMap((place) => facts.gathered.objects[place] ?? [])
  return orphansOf(facts, objects, `the image is ${facts.document?.status ?? 'not stored'}`)
}

function orphansOf({ context }: Facts, objects: StoredObject[], why: string): Breach[] {
  return objects
    .filter(({ written }) => isSettled(context, written))
    .map(({ key }) => breach('orphan', key, why))
}

/** A hold and marks have checks of their own. */
const KEPT_AFTER_ERASURE: Place[] = ['metadata', 'held', 'erasing']

function isSettledErasure({ context, document, written }: Facts): boolean {
  return document?.status === 'erased' && (written === undefined || isSettled(context, written))
}

function checkErased(facts: Facts): Breach[] {
  const { gathered } = facts
  if (!isSettledErasure(facts)) return []
  const left = Object.entries(gathered.objects).flatMap(([place, objects]) =>
    KEPT_AFTER_ERASURE.includes(place as Place) ? [] : objects,
  )
  const why = 'its image was erased'
  return [...left.map(({ key }) => breach('not-erased', key, why)), ...partsOf(facts, 'not-erased', why)]
}

function checkHold({ context, gathered, document }: Facts): Breach[] {
  const { image, objects } = gathered
  const kept = (objects.held ?? []).filter(({ written }) => isSettled(context, written))
  const hold = objects.held?.find(({ key }) => key === holdKey(image))
  if (kept.length === 0) return []
  if (!hold) return kept.map(({ key }) => breach('orphan', key, 'a copy without its hold'))
  if (document?.status === 'erased') {
    return [breach('contradiction', hold.key, 'the image is under a legal hold and erased')]
  }
  return kept.length === 1
    ? [breach('contradiction', hold.key, 'the hold keeps no copies: place it again')]
    : []
}

function checkMarks({ context, gathered }: Facts): Breach[] {
  return (gathered.objects.erasing ?? [])
    .filter(({ written }) => isSettled(context, written))
    .map(({ key, written }) =>
      breach('contradiction', key, `an erasure began ${written.toISOString()} and has not ended`),
    )
}

/** With `decode`: the original's own hash, and whether each variant is a picture without metadata. */
async function checkBytes({ context, gathered, document }: Facts): Promise<Breach[]> {
  if (!context.decode || document?.status !== 'processed') return []
  return context.decode(gathered, document)
}
