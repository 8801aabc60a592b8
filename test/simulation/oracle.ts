import { isDeepStrictEqual } from 'node:util'
import {
  claimKey,
  heldPrefix,
  holdKey,
  type ImageId,
  type ImageRef,
  inputKey,
  metadataKey,
  parseInputKey,
  parseMetadataKey,
  parseSettingsKey,
  parseStoredKey,
  processedPrefix,
  readDocument,
  readImageAccepted,
  readOutcomeEvent,
  readRefusal,
  type StoredDocument,
  type StoredProcessed,
} from '@darkroom/core'
import { claimOf, imageOf, type Subject } from './actors.ts'
import { type Answered, wrongAnswers } from './answers.ts'
import { type Applied, type Developed, lateSettings } from './applied.ts'
import { wrongCollections } from './collected.ts'
import type { History } from './history.ts'
import type { Stored } from './memory-s3.ts'
import { sha256Of, variantsOf } from './pictures.ts'
import type { Counts } from './run-history.ts'
import { presetsOf } from './settings.ts'
import {
  BUCKET,
  COLLECT,
  DEAD_LETTERS,
  IMAGE_QUEUE,
  OUTCOMES,
  PARKED,
  presets,
  UNANNOUNCED,
  UNCOLLECTED,
  UNDELIVERED,
  WATCH,
} from './system.ts'
import type { World } from './world.ts'

type Status = StoredDocument['status'] | 'none'

/** What a document may be followed by. */
const NEXT: Record<Status, Status[]> = {
  none: ['processed', 'failed', 'erased'],
  failed: ['processed', 'failed', 'erased'],
  processed: ['processed', 'erased'],
  // Its place in the chain of receipts is added.
  erased: ['erased'],
  unknown: [],
}

/** Every document that was written, as it is written. */
export interface Ledger {
  written(key: string, object: Stored): void
  breaches: string[]
  statusOf(image: ImageRef): Status
  /** The documents of each image, as text. */
  documents: Map<ImageId, Set<string>>
  /** The settings that were applied, and what images were developed with, in order. */
  applied: Applied[]
  developed: Developed[]
  /** Images that were told failed at some time. */
  failures: Map<ImageId, string>
  counts(subjects: Subject[]): Omit<Counts, 'healedMs'>
}

export function createLedger(): Ledger {
  const statuses = new Map<string, Status>()
  const failures = new Map<ImageId, string>()
  const documents: Ledger['documents'] = new Map()
  const applied: Applied[] = []
  const developed: Developed[] = []
  const breaches: string[] = []
  const statusOf = (image: ImageRef) => statuses.get(metadataKey(image)) ?? 'none'
  return {
    breaches,
    statusOf,
    documents,
    applied,
    developed,
    failures,
    written(key, { body, written: at }) {
      const app = parseSettingsKey(key)?.app
      if (app) applied.push({ app, at, preset: JSON.parse(body.toString()).settings.preset })
      const image = parseMetadataKey(key)
      if (!image) return
      const text = body.toString()
      documents.set(image.imageId, (documents.get(image.imageId) ?? new Set()).add(text.trimEnd()))
      const { document, unreadable } = readDocument(text, image)
      if (!document) return void breaches.push(`${key} cannot be read: ${unreadable}`)
      const before = statusOf(image)
      if (!NEXT[before].includes(document.status))
        breaches.push(`${image.imageId} went from ${before} to ${document.status}`)
      statuses.set(key, document.status)
      if (document.status === 'processed') {
        const { preset, preset_version: version } = document
        developed.push({ ...image, at, preset: { name: preset, version } })
      }
      if (document.status !== 'failed') return
      const reason = failures.get(image.imageId)
      if (reason && reason !== 'retries-exhausted' && document.failure_type === 'retries-exhausted')
        breaches.push(`${image.imageId} was told ${reason}, then ${document.failure_type}`)
      failures.set(image.imageId, document.failure_type)
    },
    counts(subjects) {
      const ids = subjects.flatMap(({ picture: { app }, accepted }) =>
        [...accepted].map((imageId) => ({ app, imageId })),
      )
      const count = (status: Status) => ids.filter((image) => statusOf(image) === status).length
      return {
        accepted: ids.length,
        processed: count('processed'),
        failed: count('failed'),
        erased: count('erased'),
      }
    },
  }
}

/** Compares what is stored and queued when everything has come to rest with what the clients were told. */
export function findBreaches(world: World, subjects: Subject[], ledger: Ledger): string[] {
  return [
    ...subjects.flatMap((subject) => [...breachesOf(world, subject, ledger)]),
    ...unknownCopies(world, subjects),
    ...strayObjects(world, subjects),
    ...leftMessages(world, ledger),
    ...world.added,
    ...wrongAnnouncements(world),
    ...wrongCollections(world, ledger),
    ...lateSettings(world, subjects, ledger),
  ]
}

function* breachesOf(world: World, subject: Subject, ledger: Ledger): Generator<string> {
  const { picture, accepted, chosenId, answers } = subject
  const ids = new Set([...accepted, ...(chosenId ? [chosenId] : [])])
  if (picture.source !== 'http without a key' && ids.size > 1)
    yield `${subject.name} became ${[...ids].join()}`
  for (const imageId of ids) {
    const image = { app: picture.app, imageId }
    const status = ledger.statusOf(image)
    if (accepted.has(imageId) && status === 'none') yield `${imageId} was accepted and is not finished`
    yield* objectBreaches(world, subject, image, status)
    const failure = ledger.failures.get(imageId)
    const isExhausted = failure === 'retries-exhausted' && world.exhausted.has(imageId)
    if (isExhausted && status === 'failed' && !isParked(world, image))
      yield `${imageId} failed, and its message is not parked`
    if (isExhausted) continue
    if (failure && picture.bytes !== 'damaged') yield `${imageId} was told failed: ${failure}`
    if (failure && failure !== 'corrupt-image') yield `${imageId} was told another reason: ${failure}`
  }
  for (const later of answers) {
    const earlier = answers.find(({ to, shown }) => to <= later.from && isBackwards(shown, later.shown))
    if (earlier) yield `${subject.name} was ${earlier.shown}, then ${later.shown}`
  }
  const isErased = [...ids].some((imageId) => ledger.statusOf({ app: picture.app, imageId }) === 'erased')
  if (isErased && world.s3.objects.has(claimOf(subject)))
    yield `${claimOf(subject)} is left of an erased image`
  for (const wrong of wrongAnswers(subject)) yield `${subject.name}: ${wrong}`
  yield* recordBreaches(world, subject)
}

/** Every Kafka record is acknowledged in the end, and then it is an image, or it is kept with its reason and has a status. */
function* recordBreaches({ s3 }: World, subject: Subject): Generator<string> {
  const { name, offsets, acknowledged, accepted } = subject
  const reason = refusalOf(subject)
  for (const offset of offsets) {
    if (!acknowledged.has(offset)) yield `${name} stalls its partition`
    else if (!reason && accepted.size === 0) yield `${name} was acknowledged and is not stored`
    else if (reason && rejectedFor(s3.objects, offset) !== reason)
      yield `${name} was acknowledged and is not kept as ${reason}`
  }
  if (reason && acknowledged.size > 0 && !isToldFailed(s3.objects, offsets, reason))
    yield `${name} was acknowledged and has no status`
}

/** Why the record cannot be accepted. */
function refusalOf({ picture }: Subject): string | undefined {
  if (picture.isOverLimit) return 'payload-too-large'
  if (picture.bytes === 'text') return 'unsupported-media-type'
  return picture.isRefusedByS3 ? 'malformed-request' : undefined
}

function rejectedFor(objects: Map<string, Stored>, offset: number): string | undefined {
  const key = [...objects.keys()].find((key) => key.startsWith('rejected/') && key.endsWith(`/0-${offset}`))
  return objects.get(key ?? '')?.metadata.reason
}

function isToldFailed(objects: Map<string, Stored>, offsets: Set<number>, reason: string): boolean {
  for (const [key, { body }] of objects) {
    const image = parseMetadataKey(key)
    const document = image && readDocument(body.toString(), image).document
    if (document?.status !== 'failed' || document.failure_type !== reason) continue
    if (document.kafka_offset !== undefined && offsets.has(document.kafka_offset)) return true
  }
  return false
}

/** Whether a client may not learn the id of what it sent, and send it again as another image. */
const canLoseAnswers = ({ rates }: History) =>
  [rates.lost, rates.repeated, rates.crashBefore, rates.crashAfter, rates.slow].some((rate) => rate > 0)

/** Without a key, whoever is refused sends again: what is stored of a refused attempt is doubled. */
function* unknownCopies({ s3, history }: World, subjects: Subject[]): Generator<string> {
  if (canLoseAnswers(history)) return
  const known = new Set(subjects.flatMap(({ accepted, chosenId }) => [...accepted, chosenId]))
  const unkeyed = subjects.filter(({ picture }) => picture.source === 'http without a key')
  for (const key of s3.objects.keys()) {
    const image = parseInputKey(key)
    if (image && !known.has(image.imageId) && unkeyed.some(({ picture }) => picture.app === image.app))
      yield `${image.imageId} became another image of a client that was refused`
  }
}

function isBackwards(before: Answered['shown'], after: Answered['shown']): boolean {
  const order = ['queued', 'failed', 'processed', 'erased']
  return before !== undefined && after !== undefined && order.indexOf(after) < order.indexOf(before)
}

function* objectBreaches(
  { s3 }: World,
  subject: Subject,
  image: ImageRef,
  status: Status,
): Generator<string> {
  const { answers, sha256 } = subject
  const isErased = answers.some(({ what, status }) => what === 'erase' && status === 200)
  // Without a key every repetition is another image; only the first is known to others.
  const hold = imageOf(subject)?.imageId === image.imageId ? subject.hold : 'none'
  const { imageId } = image
  if (isErased && subject.chosenId && status !== 'erased' && status !== 'none')
    yield `${imageId} was told erased and is ${status}`
  if (hold === 'placed' && status === 'erased') yield `${imageId} was held and is erased`
  if (hold === 'placed' && !s3.objects.has(holdKey(image))) yield `${imageId} has lost its hold`
  const held = [...s3.objects.keys()].filter((key) => key.startsWith(heldPrefix(image)))
  if (hold === 'none' && held.length > 0) yield `${held.join()} is kept without a hold`
  const original = s3.objects.get(inputKey(image))
  if (status === 'erased') return
  if (original && sha256Of(original.body) !== sha256) yield `the original of ${imageId} is not what was sent`
  if (status !== 'none' && !original) yield `the original of ${imageId} is gone`
  const document = s3.objects.get(metadataKey(image))
  const read = document && readDocument(document.body.toString(), image).document
  const listed = read?.status === 'processed' ? read.variants.map(({ key }) => key) : []
  const stored = [...s3.objects.keys()].filter((key) => key.startsWith(processedPrefix(image)))
  for (const key of stored) if (!listed.includes(key)) yield `${key} is not in the document`
  if (read?.status === 'processed') yield* variantBreaches(s3.objects, read, sha256)
}

function* variantBreaches(
  objects: Map<string, Stored>,
  document: StoredProcessed,
  sha256: string,
): Generator<string> {
  const { preset, preset_version } = document
  const known = [presetsOf(1), presetsOf(2)].flatMap((presets) => Object.entries(presets))
  const [, used] = known.find(([name, { version }]) => name === preset && version === preset_version) ?? []
  const expected = used && variantsOf(sha256, used)
  for (const { name, key } of document.variants) {
    const object = objects.get(key)
    if (!object) yield `${key} is in the document and not stored`
    else if (sha256Of(object.body) !== expected?.get(name))
      yield `${key} is not of ${preset} v${preset_version}`
  }
}

/**
 * A hold is checked by itself. What is known of an event, and the chain of receipts, name only the id, so that it stays the
 * erased image.
 */
const KEPT_AFTER_ERASURE = /^(held|events|receipts)\//

/** Every object belongs to an image that was sent, under its app, and to a status that keeps it. */
function* strayObjects({ s3 }: World, subjects: Subject[]): Generator<string> {
  const receipts = [...s3.objects].flatMap(([key, { body }]) => {
    const image = parseMetadataKey(key)
    return image && readDocument(body.toString(), image).document?.status === 'erased' ? [image] : []
  })
  for (const [key, { body }] of s3.objects) {
    const stored = parseStoredKey(key)
    // Of several images and apps: `wrongCollections` reads them.
    if (stored?.kind === 'collected') continue
    const owner = subjects.find(({ picture }) => stored?.app === picture.app)
    if (stored?.kind === 'rejected' && subjects.some(isRejected)) continue
    if (stored && !owner) yield `${key} belongs to no app that sent anything`
    if (/^(uploads|erasing|aws)\//.test(key)) yield `${key} was left`
    const receipt = receipts.find(({ imageId }) => key.includes(imageId) || body.includes(imageId))
    if (receipt && key !== metadataKey(receipt) && !KEPT_AFTER_ERASURE.test(key))
      yield `${key} is left of an erased image`
    const isClaimed = subjects.some(({ picture: { app }, accepted, chosenId }) =>
      [...accepted, chosenId].some((imageId) => imageId && key === claimKey({ app, imageId })),
    )
    if (isClaimed) yield `${key} was left`
  }
  for (const { key, parts } of s3.uploads.values()) {
    const isErased = receipts.some(({ imageId }) => key.includes(imageId))
    // An upload whose only part was never sent waits for its client, or for the lifecycle rule.
    if (parts.size > 0 || isErased) yield 'a multipart upload was left'
  }
}

const isRejected = (subject: Subject) =>
  subject.picture.source === 'kafka' && refusalOf(subject) !== undefined

/** Whether an operator can send a message of the image to the image queue. */
function isParked({ sqs }: World, { imageId }: ImageRef): boolean {
  return sqs.messages(PARKED).some(({ body }) => readImageAccepted(body, BUCKET).message?.subject === imageId)
}

/** Those that are empty when everything is done. */
export const QUIET_QUEUES = [
  IMAGE_QUEUE,
  DEAD_LETTERS,
  UNDELIVERED,
  WATCH,
  OUTCOMES,
  UNANNOUNCED,
  COLLECT,
  UNCOLLECTED,
]

/** What a queue still has to do, and parked messages that nobody needs. */
export function* leftMessages({ sqs, s3 }: World, { statusOf }: Ledger): Generator<string> {
  for (const url of QUIET_QUEUES) {
    if (sqs.messages(url).length > 0) yield `${sqs.messages(url).length} messages are left in ${url}`
  }
  for (const { body } of sqs.messages(PARKED)) {
    const { message } = readImageAccepted(body, BUCKET)
    if (message && statusOf(message.data) !== 'failed' && !asksForAnother(message.data, s3.objects))
      yield `a message of ${message.subject} is parked, and the image is ${statusOf(message.data)}`
  }
}

/** Whether a message asks for a development that the image does not have. */
function asksForAnother(
  { redevelop, ...image }: ImageRef & { redevelop?: { preset: string } | undefined },
  objects: Map<string, Stored>,
): boolean {
  const stored = objects.get(metadataKey(image))
  const { document } = (stored && readDocument(stored.body.toString(), image)) ?? {}
  if (!redevelop || document?.status !== 'processed') return false
  const { version } = presets[redevelop.preset] ?? {}
  return document.preset !== redevelop.preset || document.preset_version !== version
}

/** Every document was announced, and the event with the greatest sequence is what it says now. */
function* wrongAnnouncements({ s3, published }: World): Generator<string> {
  const newest = new Map<ImageId, NonNullable<ReturnType<typeof readOutcomeEvent>['event']>>()
  for (const message of published) {
    // Of no image.
    if (readRefusal(message).refusal) continue
    const { event, unreadable } = readOutcomeEvent(message)
    if (!event) yield `an event cannot be read: ${unreadable}`
    else if (event.sequence >= (newest.get(event.subject)?.sequence ?? '')) newest.set(event.subject, event)
  }
  for (const [key, { body }] of s3.objects) {
    const image = parseMetadataKey(key)
    // What cannot be read is a breach already.
    if (!image || !readDocument(body.toString(), image).document) continue
    const event = newest.get(image.imageId)
    if (!event) yield `${image.imageId} has a document and was not announced`
    else if (!isDeepStrictEqual(event.data, JSON.parse(body.toString())))
      yield `${image.imageId} was announced last as ${event.data?.status}, which its document is not`
  }
}
