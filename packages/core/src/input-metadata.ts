import * as z from 'zod'
import { AppId } from './app-id.ts'
import { Attributes } from './attributes.ts'
import { cutFilename, Filename } from './filename.ts'
import { Sha256 } from './image-types.ts'
import { Origin } from './origin.ts'

/** A W3C `traceparent`, version 00 (https://www.w3.org/TR/trace-context/#traceparent-header). */
export const Traceparent = z
  .string()
  .regex(/^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/, 'not a traceparent of version 00')

/** What an `input/` object says about itself, so that the object alone is enough to process the image. */
export const InputMetadata = z.object({
  app: AppId,
  acceptedAt: z.iso.datetime({ precision: 3 }),
  sha256: Sha256,
  origin: Origin,
  filename: Filename.optional(),
  attributes: Attributes,
  /** An invalid one is ignored, as the specification asks. */
  traceparent: Traceparent.optional().catch(undefined),
})
export type InputMetadata = z.infer<typeof InputMetadata>

/** What an `uploads/` object says about itself: as much as was known before its bytes were. */
export const UploadMetadata = InputMetadata.omit({ acceptedAt: true, sha256: true }).extend({
  /** As its sender declared it. */
  sha256: Sha256.optional(),
})
export type UploadMetadata = z.infer<typeof UploadMetadata>

/** What S3 takes, names and values together; some servers count the prefix of the header as well. */
const MAX_USER_METADATA_BYTES = 2048
const HEADER_PREFIX = 'x-amz-meta-'

/**
 * As S3 user metadata. S3 takes US-ASCII of 2 KB in all, so whatever a user may have written goes in base64url,
 * and a filename is cut to the room that is left: that is less than its 255 bytes only where the attributes
 * come close to 1 KB and the name of a Kafka topic is long.
 */
export function toUserMetadata(metadata: InputMetadata | UploadMetadata): Record<string, string> {
  const { filename } = metadata
  const user = {
    app: metadata.app,
    ...('acceptedAt' in metadata && { 'accepted-at': metadata.acceptedAt }),
    ...(metadata.sha256 !== undefined && { sha256: metadata.sha256 }),
    origin: toOriginText(metadata.origin),
    attributes: toBase64Url(JSON.stringify(metadata.attributes)),
    ...(metadata.traceparent !== undefined && { traceparent: metadata.traceparent }),
  }
  if (filename === undefined) return user
  const room = MAX_USER_METADATA_BYTES - sizeOf({ ...user, filename: '' })
  return { ...user, filename: toBase64Url(cutFilename(filename, Math.floor(room * (3 / 4)))) }
}

function sizeOf(user: Record<string, string>): number {
  return Object.entries(user).reduce((sum, [name, value]) => sum + (HEADER_PREFIX + name + value).length, 0)
}

/** The inverse. Throws for an object that Darkroom did not write. */
export function fromUserMetadata(user: Record<string, string> | undefined): InputMetadata {
  return InputMetadata.parse(readUserMetadata(user))
}

/** The same of an `uploads/` object. Throws for one that no client was told to make. */
export function fromUploadMetadata(user: Record<string, string> | undefined): UploadMetadata {
  return UploadMetadata.parse(readUserMetadata(user))
}

function readUserMetadata(user: Record<string, string> | undefined) {
  return {
    app: user?.app,
    acceptedAt: user?.['accepted-at'],
    sha256: user?.sha256,
    origin: fromOriginText(user?.origin),
    attributes: user?.attributes && JSON.parse(fromBase64Url(user.attributes)),
    ...(user?.filename !== undefined && { filename: fromBase64Url(user.filename) }),
    ...(user?.traceparent !== undefined && { traceparent: user.traceparent }),
  }
}

/** `http`, or `kafka:{topic}:{partition}:{offset}`. */
function toOriginText(origin: Origin): string {
  return origin.kind === 'http' ? 'http' : `kafka:${origin.topic}:${origin.partition}:${origin.offset}`
}

function fromOriginText(text = ''): unknown {
  const [kind, topic, partition, offset] = text.split(':')
  return kind === 'kafka' ? { kind, topic, partition: Number(partition), offset: Number(offset) } : { kind }
}

function toBase64Url(text: string): string {
  return Buffer.from(text).toString('base64url')
}

function fromBase64Url(text: string): string {
  return Buffer.from(text, 'base64url').toString()
}
