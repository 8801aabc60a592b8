import * as z from 'zod'
import { AppId } from './app-id.ts'
import { Attributes } from './attributes.ts'
import { Filename } from './filename.ts'
import { Sha256 } from './image-types.ts'
import { Origin } from './origin.ts'

/** What an `input/` object says about itself, so that the object alone is enough to process the image. */
export const InputMetadata = z.object({
  app: AppId,
  acceptedAt: z.iso.datetime(),
  sha256: Sha256,
  origin: Origin,
  filename: Filename.optional(),
  attributes: Attributes,
  traceparent: z.string().optional(),
})
export type InputMetadata = z.infer<typeof InputMetadata>

/**
 * As S3 user metadata. S3 takes US-ASCII of 2 KB in all (names and values), so whatever a user may have
 * written goes in base64url.
 */
export function toUserMetadata(metadata: InputMetadata): Record<string, string> {
  return {
    app: metadata.app,
    'accepted-at': metadata.acceptedAt,
    sha256: metadata.sha256,
    origin: toOriginText(metadata.origin),
    attributes: toBase64Url(JSON.stringify(metadata.attributes)),
    ...(metadata.filename !== undefined && { filename: toBase64Url(metadata.filename) }),
    ...(metadata.traceparent !== undefined && { traceparent: metadata.traceparent }),
  }
}

/** The inverse. Throws a ZodError for an object that Darkroom did not write. */
export function fromUserMetadata(user: Record<string, string> | undefined): InputMetadata {
  return InputMetadata.parse({
    app: user?.app,
    acceptedAt: user?.['accepted-at'],
    sha256: user?.sha256,
    origin: fromOriginText(user?.origin),
    attributes: user?.attributes && JSON.parse(fromBase64Url(user.attributes)),
    ...(user?.filename !== undefined && { filename: fromBase64Url(user.filename) }),
    ...(user?.traceparent !== undefined && { traceparent: user.traceparent }),
  })
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
