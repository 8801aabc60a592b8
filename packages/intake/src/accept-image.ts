import { createHash } from 'node:crypto'
import type { S3Client } from '@aws-sdk/client-s3'
import type { SQSClient } from '@aws-sdk/client-sqs'
import { type AppId, type ImageId, type InputMetadata, Traceparent } from '@darkroom/core'
import { type ImageHeader, inspectImage } from '@darkroom/image-header'
import type { Acceptance, AcceptedImage } from './accepted-image.ts'
import { enqueueImage } from './enqueue-image.ts'
import { putInputOnce } from './put-input-once.ts'
import { requireDeclaredType } from './require-declared-type.ts'

/** An image as it came in, before anything is known of it but its bytes. */
export interface Arrival {
  app: AppId
  imageId: ImageId
  bytes: Uint8Array
  /** The media type that the sender claims, if any: it must be what the bytes are. */
  declaredType?: string | undefined
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
}

export type Intake = (arrival: Arrival) => Promise<Acceptance>

/**
 * The one way into Darkroom, whatever door an image came through: check the bytes, store the original
 * create-once, send the message. The stored original is the outbox: once it is there nothing is lost, and
 * doing it all again with the same id and bytes is safe.
 *
 * @returns a function that throws ProblemError: what `inspectImage` throws, `type-mismatch`,
 *   `idempotency-key-reused`, `storage-unavailable`, `queue-unavailable`
 */
export function createIntake({ s3, sqs, bucket, queueUrl, source }: IntakeOptions): Intake {
  return async function acceptImage(arrival) {
    const header = await inspectImage(arrival.bytes)
    requireDeclaredType(header.contentType, arrival.declaredType)
    const acceptance = await putInputOnce(s3, bucket, describe(arrival, header), arrival.bytes)
    await enqueueImage(sqs, queueUrl, source, bucket, acceptance.image)
    return acceptance
  }
}

function describe(arrival: Arrival, { contentType }: ImageHeader): AcceptedImage {
  const { app, imageId, origin, filename, attributes = {} } = arrival
  return {
    app,
    imageId,
    acceptedAt: new Date().toISOString(),
    contentType,
    bytes: arrival.bytes.length,
    sha256: createHash('sha256').update(arrival.bytes).digest('hex'),
    origin,
    filename,
    attributes,
    traceparent: Traceparent.safeParse(arrival.traceparent).data,
  }
}
