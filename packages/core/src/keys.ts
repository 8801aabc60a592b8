import * as z from 'zod'
import { AppId } from './app-id.ts'
import { dateOf, ImageId } from './image-id.ts'
import { Sha256 } from './image-types.ts'
import { KafkaTopic } from './origin.ts'

/**
 * The one place that knows where things lie in the bucket. Each builder has its inverse; a builder throws a
 * ZodError rather than build a key from a part that could reach outside its prefix.
 *
 *     input/{app}/{yyyy-mm-dd}/{imageId}                        the original, create-once
 *     processed/{app}/{yyyy-mm-dd}/{imageId}/{variant}.{ext}
 *     metadata/app={app}/dt={yyyy-mm-dd}/{imageId}.json         one line of JSON per finished image
 *     rejected/{topic}/{yyyy-mm-dd}/{partition}-{offset}        Kafka records that could not be read
 *     claims/{app}/{yyyy-mm-dd}/{imageId}                       images that a Kafka record only refers to
 *     held/{app}/{yyyy-mm-dd}/{imageId}/…                       copies of what a legal hold keeps, by their keys
 *     uploads/{app}/{yyyy-mm-dd}/{imageId}/{bytes}              what clients send straight to S3, until it is accepted
 *     hashes/{app}/{sha256}                                     which image first had these bytes
 */
export interface ImageRef {
  app: AppId
  imageId: ImageId
}

/** The name of a variant, and so of its file: `thumb`. */
export const VariantName = z
  .string()
  .regex(/^[a-z0-9-]{1,32}$/, 'a variant name is 1 to 32 characters of a-z, 0-9 and "-"')

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

export interface VariantRef extends ImageRef {
  variant: string
  extension: Extension
}

export function processedKey(ref: VariantRef): string {
  return `${processedPrefix(ref)}${VariantName.parse(ref.variant)}.${Extension.parse(ref.extension)}`
}

/** The prefix under which all variants of an image lie. */
export function processedPrefix({ app, imageId }: ImageRef): string {
  return `processed/${AppId.parse(app)}/${dateOf(ImageId.parse(imageId))}/${imageId}/`
}

export function parseProcessedKey(key: string): VariantRef | undefined {
  const pattern =
    /^processed\/(?<app>[^/]+)\/[^/]+\/(?<imageId>[^/]+)\/(?<variant>[^/.]+)\.(?<extension>[^/.]+)$/
  return confirm(pattern.exec(key), processedKey)
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
}

export function rejectedKey({ topic, date, partition, offset }: RejectedRef): string {
  return `rejected/${KafkaTopic.parse(topic)}/${DatePartition.parse(date)}/${Count.parse(partition)}-${Count.parse(offset)}`
}

export function parseRejectedKey(key: string): RejectedRef | undefined {
  const match = /^rejected\/(?<topic>[^/]+)\/(?<date>[^/]+)\/(?<partition>\d+)-(?<offset>\d+)$/.exec(key)
  const { topic = '', date = '', partition, offset } = match?.groups ?? {}
  return confirmed({ topic, date, partition: Number(partition), offset: Number(offset) }, key, rejectedKey)
}

/** Where an app's backend puts an image that is too large for a Kafka record, and its event refers to. */
export function claimKey({ app, imageId }: ImageRef): string {
  return `claims/${AppId.parse(app)}/${dateOf(ImageId.parse(imageId))}/${imageId}`
}

export function parseClaimKey(key: string): ImageRef | undefined {
  return confirm(/^claims\/(?<app>[^/]+)\/[^/]+\/(?<imageId>[^/]+)$/.exec(key), claimKey)
}

/** The prefix under which all lies that is kept of an image by a legal hold. */
export function heldPrefix({ app, imageId }: ImageRef): string {
  return `held/${AppId.parse(app)}/${dateOf(ImageId.parse(imageId))}/${imageId}/`
}

/** The object that is the hold: while it lies there the image cannot be erased. */
export function holdKey(image: ImageRef): string {
  return `${heldPrefix(image)}hold.json`
}

/** What a client sends straight to S3; its key says how large it will be. */
export interface UploadRef extends ImageRef {
  bytes: number
}

export function uploadKey(ref: UploadRef): string {
  return uploadPrefix(ref) + z.int().positive().parse(ref.bytes)
}

/** The prefix under which whatever was sent for an image lies. */
export function uploadPrefix({ app, imageId }: ImageRef): string {
  return `uploads/${AppId.parse(app)}/${dateOf(ImageId.parse(imageId))}/${imageId}/`
}

export function parseUploadKey(key: string): UploadRef | undefined {
  const match = /^uploads\/(?<app>[^/]+)\/[^/]+\/(?<imageId>[^/]+)\/(?<bytes>\d+)$/.exec(key)
  const { app = '', imageId = '', bytes } = match?.groups ?? {}
  return confirmed({ app, imageId, bytes: Number(bytes) }, key, uploadKey)
}

/** The bytes of an original, within its app. */
export interface HashRef {
  app: AppId
  sha256: Sha256
}

/** Where it is written which of an app's images first had these bytes. */
export function hashKey({ app, sha256 }: HashRef): string {
  return `hashes/${AppId.parse(app)}/${Sha256.parse(sha256)}`
}

export function parseHashKey(key: string): HashRef | undefined {
  return confirm(/^hashes\/(?<app>[^/]+)\/(?<sha256>[^/]+)$/.exec(key), hashKey)
}

/** What lies in the bucket, by the first part of its key. Only rejected records belong to no app. */
export const StoredKind = z.enum([
  'input',
  'processed',
  'metadata',
  'claims',
  'hashes',
  'uploads',
  'rejected',
])
export type StoredKind = z.infer<typeof StoredKind>

/** The prefix of everything of a kind, or of everything that an app has of it: what a lifecycle rule names. */
export function storedPrefix(kind: StoredKind, app?: AppId): string {
  if (app === undefined) return `${StoredKind.parse(kind)}/`
  return `${StoredKind.parse(kind)}/${kind === 'metadata' ? 'app=' : ''}${AppId.parse(app)}/`
}

/** The kind of any key, and the app where it is of one. */
export function parseStoredKey(key: string): { kind: StoredKind; app?: AppId } | undefined {
  const kind = StoredKind.safeParse(key.split('/')[0]).data
  if (kind === undefined) return undefined
  if (kind === 'rejected') return { kind }
  const app = AppId.safeParse(key.split('/')[1]?.replace(/^app=/, '')).data
  return app !== undefined && key.startsWith(storedPrefix(kind, app)) ? { kind, app } : undefined
}

/** `s3://bucket/key`, as messages carry it. */
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
