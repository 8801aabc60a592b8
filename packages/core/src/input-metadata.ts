import * as z from 'zod'
import { AppId } from './app-id.ts'
import { Attributes } from './attributes.ts'
import { cutFilename, Filename } from './filename.ts'
import { timeOf } from './image-id.ts'
import { ImageType, Sha256 } from './image-types.ts'
import type { ImageRef } from './keys.ts'
import { Origin } from './origin.ts'
import { type Tolerant, tolerant } from './tolerant.ts'
import { Traceparent } from './trace-context.ts'
import { Uploader } from './uploader.ts'

/** The metadata of an `input/` object. With it, the object alone is enough to process the image. */
export const InputMetadata = z.object({
  app: AppId,
  acceptedAt: z.iso.datetime({ precision: 3 }),
  sha256: Sha256,
  origin: Origin,
  filename: Filename.optional(),
  attributes: Attributes,
  uploader: Uploader.optional(),
  /** An invalid one is ignored, as the specification asks. */
  traceparent: Traceparent.optional().catch(undefined),
})
export type InputMetadata = z.infer<typeof InputMetadata>

/** The metadata of an `uploads/` object: what is known before its bytes arrive. */
export const UploadMetadata = InputMetadata.omit({ acceptedAt: true, sha256: true }).extend({
  /** As declared by the client. */
  sha256: Sha256.optional(),
  /** The only types that the credential allows. The bytes are checked when the upload is accepted. */
  allowedTypes: z.array(ImageType).optional(),
})
export type UploadMetadata = z.infer<typeof UploadMetadata>

/** S3's limit for names and values together; some servers count the header prefix too. */
const MAX_USER_METADATA_BYTES = 2048
const HEADER_PREFIX = 'x-amz-meta-'

/**
 * As S3 user metadata. S3 accepts 2 KB of US-ASCII, so text from users is encoded in base64url, and a filename is cut to
 * the remaining space. That is less than its 255 bytes only if the attributes are close to 1 KB and the name of the Kafka
 * topic is long.
 */
export function toUserMetadata(metadata: Tolerant<InputMetadata | UploadMetadata>): Record<string, string> {
  const { filename } = metadata
  const user = {
    app: metadata.app,
    ...('acceptedAt' in metadata && { 'accepted-at': metadata.acceptedAt }),
    ...('allowedTypes' in metadata &&
      metadata.allowedTypes && { 'allowed-types': metadata.allowedTypes.join(',') }),
    ...(metadata.sha256 !== undefined && { sha256: metadata.sha256 }),
    origin: toOriginText(metadata.origin),
    attributes: toBase64Url(JSON.stringify(metadata.attributes)),
    ...(metadata.uploader !== undefined && { uploader: toBase64Url(metadata.uploader) }),
    ...(metadata.traceparent !== undefined && { traceparent: metadata.traceparent }),
  }
  if (filename === undefined) return user
  const remainingBytes = MAX_USER_METADATA_BYTES - sizeOf({ ...user, filename: '' })
  return { ...user, filename: toBase64Url(cutFilename(filename, Math.floor(remainingBytes * (3 / 4)))) }
}

function sizeOf(user: Record<string, string>): number {
  return Object.entries(user).reduce((sum, [name, value]) => sum + (HEADER_PREFIX + name + value).length, 0)
}

/** The metadata of an original as it is read. A later version may have written it, see `Tolerant`. */
export type StoredInputMetadata = Tolerant<Omit<InputMetadata, 'sha256'>> & { sha256: string | undefined }

/** The inverse. Missing or damaged values are left out; the app and the time of acceptance come from the key. */
export function fromUserMetadata(
  user: Record<string, string> = {},
  { app, imageId }: ImageRef,
): StoredInputMetadata {
  return {
    app,
    acceptedAt:
      InputMetadata.shape.acceptedAt.safeParse(user['accepted-at']).data ?? timeOf(imageId).toISOString(),
    ...fromUploadMetadata(user),
  }
}

/** The same for an `uploads/` object. */
export function fromUploadMetadata(
  user: Record<string, string> = {},
): Omit<StoredInputMetadata, 'app' | 'acceptedAt'> & { allowedTypes?: string[] } {
  return {
    ...(user['allowed-types'] !== undefined && { allowedTypes: user['allowed-types'].split(',') }),
    sha256: Sha256.safeParse(user.sha256).data,
    origin: fromOriginText(user.origin),
    attributes: fromAttributesText(user.attributes),
    ...(user.filename !== undefined && { filename: fromBase64Url(user.filename) }),
    ...(user.uploader !== undefined && { uploader: fromBase64Url(user.uploader) }),
    ...(user.traceparent !== undefined && { traceparent: user.traceparent }),
  }
}

/**
 * Whether an original would be stored with the same file name and attributes if it were sent with these. S3 may hold less of
 * a file name than was sent, see `toUserMetadata`.
 */
export function hasDetails(
  original: StoredInputMetadata,
  { filename, attributes }: { filename?: string | undefined; attributes: Tolerant<Attributes> },
): boolean {
  const { sha256 = NO_SHA256 } = original
  const sent = toUserMetadata({ ...original, sha256, filename, attributes })
  const held = toUserMetadata({ ...original, sha256 })
  return sent.filename === held.filename && sorted(attributes) === sorted(original.attributes)
}

const NO_SHA256 = '0'.repeat(64)

function sorted(attributes: Tolerant<Attributes>): string {
  return JSON.stringify(Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1)))
}

function fromAttributesText(text = ''): Tolerant<Attributes> {
  try {
    return tolerant(Attributes).parse(JSON.parse(fromBase64Url(text)))
  } catch {
    return {}
  }
}

/** `http`, or `kafka:{topic}:{partition}:{offset}`. */
function toOriginText(origin: Tolerant<Origin>): string {
  return 'topic' in origin
    ? `${origin.kind}:${origin.topic}:${origin.partition}:${origin.offset}`
    : origin.kind
}

function fromOriginText(text = ''): Tolerant<Origin> {
  const [kind = '', topic, partition, offset] = text.split(':')
  const kafka = { kind, topic, partition: Number(partition), offset: Number(offset) }
  return Origin.safeParse(kafka).data ?? { kind: kind || 'unknown' }
}

function toBase64Url(text: string): string {
  return Buffer.from(text).toString('base64url')
}

function fromBase64Url(text: string): string {
  return Buffer.from(text, 'base64url').toString()
}
