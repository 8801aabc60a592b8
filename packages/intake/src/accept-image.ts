import type { S3Client } from '@aws-sdk/client-s3'
import type { SQSClient } from '@aws-sdk/client-sqs'
import {
  type AppId,
  type ImageId,
  type ImageType,
  type InputMetadata,
  ProblemError,
  Traceparent,
} from '@darkroom/core'
import type { Acceptance, AcceptedImage } from './accepted-image.ts'
import { enqueueImage } from './enqueue-image.ts'
import { type InspectedContent, inspectBytes } from './inspect-bytes.ts'
import { inspectStored, type StoredContent } from './inspect-stored.ts'
import type { Deduplication } from './known-bytes.ts'
import { putInputOnce } from './put-input-once.ts'
import { putUnlessKnown } from './put-unless-known.ts'
import { requireDeclaredType } from './require-declared-type.ts'

/** An image as it came in, before anything is known of it but its bytes, or where in the bucket they lie. */
export type Arrival = ArrivalDetails & ({ bytes: Uint8Array } | { stored: StoredContent })

export interface ArrivalDetails {
  app: AppId
  imageId: ImageId
  /** The media type that the sender claims, if any: it must be what the bytes are. */
  declaredType?: string | undefined
  /** Likewise, in hex. */
  declaredSha256?: string | undefined
  origin: InputMetadata['origin']
  filename?: string | undefined
  attributes?: InputMetadata['attributes'] | undefined
  /** W3C trace context, carried through to the metadata; an invalid one is ignored, as the specification asks. */
  traceparent?: string | undefined
}

export interface IntakeOptions {
  s3: S3Client
  sqs: SQSClient
  bucket: string
  queueUrl: string
  /** The CloudEvents `source` of the messages, e.g. `/darkroom/upload-api`. */
  source: string
  /** Core's `acceptedTypes`; all but HEIC, if not given. */
  accepted?: readonly ImageType[]
  /**
   * For doors whose senders take the id from the answer. Not for Kafka, nor for what lies in the bucket already: there
   * the sender knows the id beforehand.
   */
  deduplication?: Deduplication
}

export type Intake = (arrival: Arrival) => Promise<Acceptance>

/**
 * The one way into Darkroom, whatever door an image came through: check the bytes, store the original
 * create-once, send the message. The stored original is the outbox: once it is there nothing is lost, and
 * doing it all again with the same id and bytes is safe. Bytes that lie in the bucket are copied there, not sent; what
 * they are copied from is left to whoever put it there.
 *
 * @returns a function that throws ProblemError: what `inspectImage` and `inspectStored` throw, `type-mismatch`,
 *   `checksum-mismatch`, `idempotency-key-reused`, `storage-unavailable`, `queue-unavailable`
 */
export function createIntake(options: IntakeOptions): Intake {
  const { s3, sqs, bucket, queueUrl, source, accepted } = options
  return async function acceptImage(arrival) {
    const content =
      'bytes' in arrival
        ? await inspectBytes(arrival.bytes, accepted)
        : await inspectStored(s3, bucket, arrival.stored, accepted)
    requireDeclaredType(content.header.contentType, arrival.declaredType)
    requireDeclaredSha256(content.sha256, arrival.declaredSha256)
    const acceptance = await store(options, describe(arrival, content), content.source)
    if (acceptance.duplicate) return acceptance
    await enqueueImage(sqs, queueUrl, source, bucket, acceptance.image)
    return acceptance
  }
}

function store(
  { s3, bucket, deduplication }: IntakeOptions,
  image: AcceptedImage,
  source: InspectedContent['source'],
): Promise<Acceptance> {
  return deduplication?.apps.includes(image.app) && source instanceof Uint8Array
    ? putUnlessKnown(s3, bucket, deduplication, image, source)
    : putInputOnce(s3, bucket, image, source)
}

function requireDeclaredSha256(actual: string, declared = actual): void {
  if (actual === declared) return
  throw new ProblemError(
    'checksum-mismatch',
    `The received image has the SHA-256 ${actual}, which does not match the declared one. Send it again.`,
  )
}

function describe(arrival: Arrival, { header, bytes, sha256 }: InspectedContent): AcceptedImage {
  const { app, imageId, origin, filename, attributes = {} } = arrival
  return {
    app,
    imageId,
    acceptedAt: new Date().toISOString(),
    contentType: header.contentType,
    bytes,
    sha256,
    origin,
    filename,
    attributes,
    traceparent: Traceparent.safeParse(arrival.traceparent).data,
  }
}
