import * as z from 'zod'
import { AppId } from './app-id.ts'
import { dateOf, ImageId } from './image-id.ts'
import { Sha256 } from './image-types.ts'
import { KafkaTopic } from './origin.ts'

export { credentialKey, lastUseKey, parseCredentialKey, parseLastUseKey } from './api-key.ts'

/**
 * The layout of the bucket, defined only here. Each builder has an inverse. A builder throws a ZodError if a part could
 * reach outside its prefix.
 *
 *     input/{app}/{yyyy-mm-dd}/{imageId}                        the original, create-once
 *     processed/{app}/{yyyy-mm-dd}/{imageId}/{variant}_{development}.{ext}
 *     metadata/app={app}/dt={yyyy-mm-dd}/{imageId}.json         one line of JSON per finished image
 *     rejected/{topic}/{yyyy-mm-dd}/{partition}-{offset}        Kafka records that could not be read
 *     rejected/{topic}/{yyyy-mm-dd}/{partition}-{offset}-{last} a list of such records, if there are too many to keep each
 *     claims/{app}/{yyyy-mm-dd}/{imageId}                       images too large for a Kafka record, which refers to them
 *     held/{app}/{yyyy-mm-dd}/{imageId}/…                       copies that a legal hold keeps, under their original keys
 *     uploads/{app}/{yyyy-mm-dd}/{imageId}/{bytes}[-{owner}]    direct uploads to S3, until they are accepted
 *     hashes/{app}/{sha256}                                     the first image with these bytes
 *     erasing/{app}/{yyyy-mm-dd}/{imageId}/{request}            erasures that are not complete
 *     events/{app}/{digest}                                     the image id of an event whose time does not decide it
 *     linked/{app}/{yyyy-mm-dd}/{imageId}/{sha256}              names an object elsewhere that has bytes of the image
 *     receipts/{app}/{number}                                   the chain of erasure receipts, the newest first
 *     settings/{app}.json                                       what was applied to an app after a deployment
 *     reconciled/days                                           where the next daily reconcile begins: a date
 *     reconciled/rows                                           how far documents and analysts' rows are compared
 *     reconciled/tables                                         how far the files of analysts' tables are rewritten
 *     collected/{kind}/hour={yyyy-mm-ddThh}/{time}-{file}.json.gz  events of the topic, many in a file, until analysts' tables have them
 *     credentials/{keyId}.json                                  the record of an API key (api-key.ts, which loads no zod)
 *     credentials/{keyId}.used                                  written when that key is first used on a day
 */
export interface ImageRef {
  app: AppId
  imageId: ImageId
}

/** The name of a variant and of its file: `thumb`. */
export const VariantName = z
  .string()
  .regex(/^[a-z0-9-]{1,32}$/, 'a variant name must be 1 to 32 characters of a-z, 0-9 and "-"')

/** A UTC date partition, `yyyy-mm-dd`. */
export const DatePartition = z.iso.date().meta({ description: 'A UTC date.', example: '2026-11-23' })

const Extension = z.enum(['jpg', 'webp', 'avif', 'png'])
export type Extension = z.infer<typeof Extension>

const Count = z.int().nonnegative()

export function inputKey(image: ImageRef): string {
  return inputPrefix(image.app, dateOf(ImageId.parse(image.imageId))) + image.imageId
}

export function inputPrefix(app: AppId, date: string): string {
  return `input/${AppId.parse(app)}/${DatePartition.parse(date)}/`
}

export function parseInputKey(key: string): ImageRef | undefined {
  return confirm(/^input\/(?<app>[^/]+)\/[^/]+\/(?<imageId>[^/]+)$/.exec(key), inputKey)
}

/** What made a variant: a random number of the attempt, the preset and its version. */
export const Development = z.string().regex(/^[0-9a-f]{8}-[a-z0-9-]{1,32}-v[0-9]{1,9}$/)

export interface VariantRef extends ImageRef {
  variant: string
  extension: Extension
  /** So that no attempt ever writes over the variants of another. Missing in keys of earlier versions. */
  development?: string | undefined
}

export function processedKey({ variant, development, extension, ...image }: VariantRef): string {
  const suffix = development === undefined ? '' : `_${Development.parse(development)}`
  return `${processedPrefix(image)}${VariantName.parse(variant)}${suffix}.${Extension.parse(extension)}`
}

/** The prefix of all variants of an image. */
export function processedPrefix({ app, imageId }: ImageRef): string {
  return `processed/${AppId.parse(app)}/${dateOf(ImageId.parse(imageId))}/${imageId}/`
}

export function parseProcessedKey(key: string): VariantRef | undefined {
  const pattern =
    /^processed\/(?<app>[^/]+)\/[^/]+\/(?<imageId>[^/]+)\/(?<variant>[^/._]+)(_(?<development>[^/.]+))?\.(?<extension>[^/.]+)$/
  return confirm(pattern.exec(key), processedKey)
}

/** Whether a key is that of a variant of this image. A later version may have other names and file formats. */
export function isVariantKeyOf(image: ImageRef, key: string): boolean {
  const prefix = processedPrefix(image)
  return key.startsWith(prefix) && /^[\w-]+\.\w+$/.test(key.slice(prefix.length))
}

export function metadataKey(image: ImageRef): string {
  return `${metadataPrefix(image.app, dateOf(ImageId.parse(image.imageId)))}${image.imageId}.json`
}

export function metadataPrefix(app: AppId, date: string): string {
  return `metadata/app=${AppId.parse(app)}/dt=${DatePartition.parse(date)}/`
}

export function parseMetadataKey(key: string): ImageRef | undefined {
  return confirm(/^metadata\/app=(?<app>[^/]+)\/dt=[^/]+\/(?<imageId>[^/.]+)\.json$/.exec(key), metadataKey)
}

export interface RejectedRef {
  topic: string
  /** The date of the record's own timestamp. */
  date: string
  partition: number
  offset: number
  /** The offset of the last record, if the object is a list of records. */
  last?: number | undefined
}

export function rejectedKey({ topic, date, partition, offset, last }: RejectedRef): string {
  const place = `${Count.parse(partition)}-${Count.parse(offset)}${last === undefined ? '' : `-${Count.parse(last)}`}`
  return `rejected/${KafkaTopic.parse(topic)}/${DatePartition.parse(date)}/${place}`
}

export function parseRejectedKey(key: string): RejectedRef | undefined {
  const pattern =
    /^rejected\/(?<topic>[^/]+)\/(?<date>[^/]+)\/(?<partition>\d+)-(?<offset>\d+)(-(?<last>\d+))?$/
  const { topic = '', date = '', partition, offset, last } = pattern.exec(key)?.groups ?? {}
  const ref = { topic, date, partition: Number(partition), offset: Number(offset) }
  return confirmed({ ...ref, ...(last !== undefined && { last: Number(last) }) }, key, rejectedKey)
}

/** An image that is too large for a Kafka record. The app's backend stores it here, and its event refers to it. */
export function claimKey({ app, imageId }: ImageRef): string {
  return `claims/${AppId.parse(app)}/${dateOf(ImageId.parse(imageId))}/${imageId}`
}

export function parseClaimKey(key: string): ImageRef | undefined {
  return confirm(/^claims\/(?<app>[^/]+)\/[^/]+\/(?<imageId>[^/]+)$/.exec(key), claimKey)
}

/** The prefix of everything that a legal hold keeps of an image. */
export function heldPrefix({ app, imageId }: ImageRef): string {
  return `held/${AppId.parse(app)}/${dateOf(ImageId.parse(imageId))}/${imageId}/`
}

/** A copy that a hold keeps, by the key of the object it was copied from, or `hold.json` for the hold itself. */
export interface HeldRef extends ImageRef {
  original: string
}

export function heldKey({ original, ...image }: HeldRef): string {
  return heldPrefix(image) + z.string().min(1).parse(original)
}

export function parseHeldKey(key: string): HeldRef | undefined {
  return confirm(/^held\/(?<app>[^/]+)\/[^/]+\/(?<imageId>[^/]+)\/(?<original>.+)$/s.exec(key), heldKey)
}

/** The hold itself: while this object exists, the image cannot be erased. */
export function holdKey(image: ImageRef): string {
  return `${heldPrefix(image)}hold.json`
}

/** A request to erase an image. There can be several for one image. */
export interface ErasureRef extends ImageRef {
  /** A UUID. */
  request: string
}

/** While this object exists, the erasure is not complete, and no legal hold can be placed. */
export function erasureKey(ref: ErasureRef): string {
  return erasurePrefix(ref) + z.uuid().parse(ref.request)
}

/** The prefix of all erasures of an image that are not complete. */
export function erasurePrefix({ app, imageId }: ImageRef): string {
  return `${ERASING_PREFIX}${AppId.parse(app)}/${dateOf(ImageId.parse(imageId))}/${imageId}/`
}

/** The prefix of all erasures that are not complete. */
export const ERASING_PREFIX = 'erasing/'

export function parseErasureKey(key: string): ErasureRef | undefined {
  return confirm(
    /^erasing\/(?<app>[^/]+)\/[^/]+\/(?<imageId>[^/]+)\/(?<request>[^/]+)$/.exec(key),
    erasureKey,
  )
}

/** A direct upload to S3. Its key contains its size, and whose it is. */
export interface UploadRef extends ImageRef {
  bytes: number
  /** `ownerOf` its uploader; undefined if an API key started it. */
  owner?: string | undefined
}

const Owner = z.string().regex(/^[0-9a-f]{32}$/)

export function uploadKey(ref: UploadRef): string {
  const owner = ref.owner === undefined ? '' : `-${Owner.parse(ref.owner)}`
  return uploadPrefix(ref) + z.int().positive().parse(ref.bytes) + owner
}

/** The prefix of all direct uploads for an image. */
export function uploadPrefix({ app, imageId }: ImageRef): string {
  return `uploads/${AppId.parse(app)}/${dateOf(ImageId.parse(imageId))}/${imageId}/`
}

export function parseUploadKey(key: string): UploadRef | undefined {
  const match = /^uploads\/(?<app>[^/]+)\/[^/]+\/(?<imageId>[^/]+)\/(?<bytes>\d+)(?:-(?<owner>[^/]+))?$/.exec(
    key,
  )
  const { app = '', imageId = '', bytes, owner } = match?.groups ?? {}
  const ref = { app, imageId, bytes: Number(bytes), ...(owner !== undefined && { owner }) }
  return confirmed(ref, key, uploadKey)
}

/** An object elsewhere that has bytes of the image: a claim under another name, or a rejected record. */
export interface LinkRef extends ImageRef {
  /** Of the key of that object. */
  sha256: Sha256
}

export function linkKey(ref: LinkRef): string {
  return linkPrefix(ref) + Sha256.parse(ref.sha256)
}

/** The prefix of all links of an image. */
export function linkPrefix({ app, imageId }: ImageRef): string {
  return `linked/${AppId.parse(app)}/${dateOf(ImageId.parse(imageId))}/${imageId}/`
}

export function parseLinkKey(key: string): LinkRef | undefined {
  return confirm(/^linked\/(?<app>[^/]+)\/[^/]+\/(?<imageId>[^/]+)\/(?<sha256>[^/]+)$/.exec(key), linkKey)
}

/** A receipt's place in the chain of its app. */
export interface ReceiptRef {
  app: AppId
  /** From 1. */
  sequence: number
}

const MAX_SEQUENCE = 999_999_999_999_999

/** Numbers count down, because S3 lists keys in ascending order only and the newest receipt is needed. */
export function receiptKey({ app, sequence }: ReceiptRef): string {
  const number = MAX_SEQUENCE - z.int().positive().max(MAX_SEQUENCE).parse(sequence)
  return `${receiptsPrefix(app)}${String(number).padStart(15, '0')}`
}

/** The prefix of the chain of an app. */
export function receiptsPrefix(app: AppId): string {
  return `receipts/${AppId.parse(app)}/`
}

export function parseReceiptKey(key: string): ReceiptRef | undefined {
  const { app = '', number } = /^receipts\/(?<app>[^/]+)\/(?<number>\d{15})$/.exec(key)?.groups ?? {}
  return confirmed({ app, sequence: MAX_SEQUENCE - Number(number) }, key, receiptKey)
}

/** The bytes of an original, within its app. */
export interface HashRef {
  app: AppId
  sha256: Sha256
}

/** The object that names the app's first image with these bytes. */
export function hashKey({ app, sha256 }: HashRef): string {
  return `hashes/${AppId.parse(app)}/${Sha256.parse(sha256)}`
}

export function parseHashKey(key: string): HashRef | undefined {
  return confirm(/^hashes\/(?<app>[^/]+)\/(?<sha256>[^/]+)$/.exec(key), hashKey)
}

/** An event, by the part of an image id that is the same for all ids of the event: see `deriveImageId`. */
export interface EventRef {
  app: AppId
  digest: string
}

const EventDigest = z.string().regex(/^[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)

/** The event that an image's id is derived from, whatever the time in the id. */
export function eventOf({ app, imageId }: ImageRef): EventRef {
  return { app, digest: ImageId.parse(imageId).slice(15) }
}

/** The object that remembers the image id of an event: see decisions/0028-kafka-times.md. */
export function eventKey({ app, digest }: EventRef): string {
  return `events/${AppId.parse(app)}/${EventDigest.parse(digest)}`
}

export function parseEventKey(key: string): EventRef | undefined {
  return confirm(/^events\/(?<app>[^/]+)\/(?<digest>[^/]+)$/.exec(key), eventKey)
}

/** What was applied to an app after a deployment: see decisions/0051-settings-without-a-deployment.md. */
export function settingsKey({ app }: Pick<ImageRef, 'app'>): string {
  return `settings/${AppId.parse(app)}.json`
}

export function parseSettingsKey(key: string): Pick<ImageRef, 'app'> | undefined {
  return confirm(/^settings\/(?<app>[^/]+)\.json$/.exec(key), settingsKey)
}

/** The last date for whose originals the daily reconcile has sent messages: see decisions/0080-reconcile-from-the-last-day.md. */
export const RECONCILED_KEY = 'reconciled/days'

/** How far documents and analysts' rows are compared: see decisions/0083-daily-comparisons-of-any-size.md. */
export const ROWS_COMPARED_KEY = 'reconciled/rows'

/** How far the files of analysts' tables are rewritten: see decisions/0085-maintenance-of-tables.md. */
export const TABLES_MAINTAINED_KEY = 'reconciled/tables'

/** A file of collected events. */
export interface CollectedRef {
  /** `OUTCOMES`, or the type of the events: `image.refused.v1`. */
  kind: string
  /** When the events were collected, by the collector's clock: ISO 8601 in UTC with milliseconds. */
  time: string
  /** Eight random hexadecimal digits, because collectors run at the same time. */
  file: string
}

/** The kind of events about images: their subject is the image, and `sequence` says which of several is current. */
export const OUTCOMES = 'outcomes'

const CollectedKind = z.string().regex(/^[a-z0-9][a-z0-9.-]{0,63}$/)
const FileNumber = z.string().regex(/^[0-9a-f]{8}$/)
const CollectedTime = z.iso.datetime({ precision: 3 })

/** Keys of one kind sort by time. */
export function collectedKey({ kind, time, file }: CollectedRef): string {
  const digits = CollectedTime.parse(time).replaceAll(/[-:.]/g, '')
  return `${collectedPrefix(kind)}hour=${time.slice(0, 13)}/${digits}-${FileNumber.parse(file)}.json.gz`
}

/** The prefix of all collected files of a kind. */
export function collectedPrefix(kind: string): string {
  return `collected/${CollectedKind.parse(kind)}/`
}

export function parseCollectedKey(key: string): CollectedRef | undefined {
  const pattern =
    /^collected\/(?<kind>[^/]+)\/hour=[^/]+\/(?<date>\d{8}T)(?<seconds>\d{6})(?<ms>\d{3})Z-(?<file>[^/.]+)\.json\.gz$/
  const { kind = '', date = '', seconds = '', ms = '', file = '' } = pattern.exec(key)?.groups ?? {}
  const day = `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}`
  const time = `${day}${seconds.slice(0, 2)}:${seconds.slice(2, 4)}:${seconds.slice(4)}.${ms}Z`
  return confirmed({ kind, time, file }, key, collectedKey)
}

/** The kinds of stored objects, by the first part of the key. Rejected records and collected events belong to no app. */
export const StoredKind = z.enum([
  'input',
  'processed',
  'metadata',
  'claims',
  'hashes',
  'events',
  'uploads',
  'rejected',
  'linked',
  'collected',
])
export type StoredKind = z.infer<typeof StoredKind>

/** The prefix of all objects of a kind, or of one app's, as lifecycle rules use it. */
export function storedPrefix(kind: StoredKind, app?: AppId): string {
  if (app === undefined) return `${StoredKind.parse(kind)}/`
  return `${StoredKind.parse(kind)}/${kind === 'metadata' ? 'app=' : ''}${AppId.parse(app)}/`
}

/** The kind of any key, and its app if it belongs to one. */
export function parseStoredKey(key: string): { kind: StoredKind; app?: AppId } | undefined {
  const kind = StoredKind.safeParse(key.split('/')[0]).data
  if (kind === undefined) return undefined
  if (kind === 'rejected' || kind === 'collected') return { kind }
  const app = AppId.safeParse(key.split('/')[1]?.replace(/^app=/, '')).data
  return app !== undefined && key.startsWith(storedPrefix(kind, app)) ? { kind, app } : undefined
}

/** `s3://bucket/key`, as used in messages. */
export function s3Uri(bucket: string, key: string): string {
  return `s3://${bucket}/${key}`
}

export function parseS3Uri(uri: string): { bucket: string; key: string } | undefined {
  const { bucket, key } = /^s3:\/\/(?<bucket>[a-z0-9.-]{3,63})\/(?<key>.+)$/s.exec(uri)?.groups ?? {}
  return bucket && key ? { bucket, key } : undefined
}

function confirm<Ref>(match: RegExpExecArray | null, build: (ref: Ref) => string): Ref | undefined {
  return match?.groups && confirmed({ ...match.groups } as Ref, match[0], build)
}

/** A parsed key counts only if building it again gives the same key: date, app and id must agree. */
function confirmed<Ref>(ref: Ref, key: string, build: (ref: Ref) => string): Ref | undefined {
  try {
    return build(ref) === key ? ref : undefined
  } catch {
    return undefined
  }
}
