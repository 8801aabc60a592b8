import type { Original } from '@darkroom/bucket'
import {
  type AppId,
  type ImageId,
  type ImageType,
  type InputMetadata,
  type Tolerant,
  Traceparent,
} from '@darkroom/core'
import { enqueueImage, type ImageQueue } from './enqueue-image.ts'
import {
  type InspectedContent,
  inspectBytes,
  inspectStored,
  requireDeclaredSha256,
  requireDeclaredType,
  type StoredContent,
} from './inspect-content.ts'
import { type Acceptance, type Deduplication, storeOnce, storeUnlessKnown } from './store-original.ts'

/** An image as it came in, unchecked: its bytes, or where they are stored in the bucket. */
export type Arrival = ArrivalDetails & ({ bytes: Uint8Array } | { stored: StoredContent })

export interface ArrivalDetails {
  app: AppId
  imageId: ImageId
  /** The media type that the sender claims, if any: it must be what the bytes are. */
  declaredType?: string | undefined
  /** Likewise, in hex. */
  declaredSha256?: string | undefined
  origin: Tolerant<InputMetadata['origin']>
  filename?: string | undefined
  attributes?: InputMetadata['attributes'] | undefined
  /** W3C trace context, carried through to the metadata; an invalid one is ignored, as the specification asks. */
  traceparent?: string | undefined
}

export interface IntakeOptions extends ImageQueue {
  /** Core's `acceptedTypes`; all but HEIC, if not given. */
  accepted?: readonly ImageType[]
  /**
   * For sources whose senders take the id from the answer. It has no effect on what is in the bucket already, where the
   * sender knows the id beforehand, and is not for Kafka for the same reason.
   */
  deduplication?: Deduplication
}

export type Intake = (arrival: Arrival) => Promise<Acceptance>

/**
 * Accepts an image, whatever its source: check the bytes, store the original create-once, send the message. The stored
 * original is the outbox: once it is there nothing is lost, and repeating the call with the same id and bytes is safe.
 * Bytes that are in the bucket already are copied within S3; deleting what they are copied from is the caller's job.
 *
 * @returns a function that throws ProblemError: what `inspectImage` and `inspectStored` throw, `type-mismatch`,
 *   `checksum-mismatch`, `idempotency-key-reused`, `storage-unavailable`, `queue-unavailable`
 */
export function createIntake(options: IntakeOptions): Intake {
  const { bucket, accepted } = options
  return async function acceptImage(arrival) {
    const content =
      'bytes' in arrival
        ? await inspectBytes(arrival.bytes, accepted)
        : await inspectStored(bucket, arrival.stored, accepted)
    requireDeclaredType(content.header.contentType, arrival.declaredType)
    requireDeclaredSha256(content.sha256, arrival.declaredSha256)
    const acceptance = await store(options, describe(arrival, content), content.source)
    if (acceptance.duplicate) return acceptance
    await enqueueImage(options, acceptance.image)
    return acceptance
  }
}

function store(
  { bucket, deduplication }: IntakeOptions,
  image: Original,
  source: InspectedContent['source'],
): Promise<Acceptance> {
  return deduplication?.apps.includes(image.app) && source instanceof Uint8Array
    ? storeUnlessKnown(bucket, deduplication, image, source)
    : storeOnce(bucket, image, source)
}

function describe(arrival: Arrival, { header, bytes, sha256 }: InspectedContent): Original {
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
