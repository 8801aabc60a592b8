import type { Original } from '@darkroom/bucket'
import {
  type AppId,
  declaredTypeOf,
  type ImageId,
  type ImageType,
  type InputMetadata,
  type Tolerant,
  Traceparent,
  withContent,
} from '@darkroom/core'
import { type AppLimits, requireWithinLimits } from './app-limits.ts'
import { enqueueAccepted, type IntakeQueue } from './enqueue-image.ts'
import {
  type InspectedContent,
  inspectBytes,
  inspectStored,
  requireAllowedType,
  requireDeclaredSha256,
  requireDeclaredType,
  type StoredContent,
} from './inspect-content.ts'
import { type Acceptance, type Deduplication, storeOnce, storeUnlessKnown } from './store-original.ts'

/** An incoming image, not checked yet: its bytes, or where they are stored in the bucket. */
export type Arrival = ArrivalDetails & ({ bytes: Uint8Array } | { stored: StoredContent })

export interface ArrivalDetails {
  app: AppId
  imageId: ImageId
  /** The media type that the sender declared, if any. It must match the bytes. */
  declaredType?: string | undefined
  /** In hex. It must match the bytes too. */
  declaredSha256?: string | undefined
  origin: Tolerant<InputMetadata['origin']>
  filename?: string | undefined
  attributes?: InputMetadata['attributes'] | undefined
  /** The app's own user, from the credential. */
  uploader?: string | undefined
  /** The only types that the credential allows. */
  allowedTypes?: readonly string[] | undefined
  /** Called for an image that is acceptable, before it is stored. It may refuse it: a limit of the app, for example. */
  admit?: ((image: AdmittedImage) => Promise<void>) | undefined
  /** W3C trace context, copied to the metadata; an invalid one is ignored, as the specification asks. */
  traceparent?: string | undefined
}

/** The size of an image that can be accepted. */
interface AdmittedImage {
  bytes: number
  /** Width times height. */
  pixels: number
}

export interface IntakeOptions extends IntakeQueue {
  /** Core's `acceptedTypes`; by default all except HEIC. */
  accepted?: readonly ImageType[]
  /** What an app accepts of these. */
  limitsOf?: (app: AppId) => AppLimits | Promise<AppLimits>
  /**
   * Only for sources whose senders take the id from the answer. It has no effect on images that are already in the bucket,
   * because their senders know the id beforehand. It is not for Kafka, for the same reason.
   */
  deduplication?: Deduplication
}

export type Intake = (arrival: Arrival) => Promise<Acceptance>

/**
 * Accepts an image, whatever its source: checks the bytes, stores the original create-once, sends the message. The stored
 * original is the outbox: once it is stored nothing is lost, and the call can be repeated safely with the same id and
 * bytes. Bytes that are already in the bucket are copied within S3; the caller deletes their source.
 *
 * @returns a function that throws ProblemError: what `inspectImage`, `inspectStored` and `requireWithinLimits` throw, `type-mismatch`,
 *   `checksum-mismatch`, what the arrival's `admit` throws, `idempotency-key-reused`, `malformed-request` (S3 refuses the
 *   metadata), `storage-unavailable`. Its `content` says what is known about it
 */
export function createIntake(options: IntakeOptions): Intake {
  return async function acceptImage(arrival) {
    const bytes = 'bytes' in arrival ? arrival.bytes.length : arrival.stored.bytes
    const declaredType = declaredTypeOf(arrival.declaredType)
    return withContent({ bytes, declaredType }, async () => {
      const content = await inspect(options, arrival)
      const { contentType: foundType } = content.header
      return withContent({ bytes: content.bytes, foundType }, () => accept(options, arrival, content))
    })
  }
}

function inspect({ bucket, accepted }: IntakeOptions, arrival: Arrival): Promise<InspectedContent> {
  return 'bytes' in arrival
    ? inspectBytes(arrival.bytes, accepted)
    : inspectStored(bucket, arrival.stored, accepted)
}

async function accept(
  options: IntakeOptions,
  arrival: Arrival,
  content: InspectedContent,
): Promise<Acceptance> {
  const { limitsOf } = options
  const { contentType, width, height } = content.header
  if (limitsOf) requireWithinLimits(arrival.app, await limitsOf(arrival.app), { ...content, contentType })
  requireAllowedType(contentType, arrival.allowedTypes)
  requireDeclaredType(contentType, arrival.declaredType)
  requireDeclaredSha256(content.sha256, arrival.declaredSha256)
  await arrival.admit?.({ bytes: content.bytes, pixels: width * height })
  const acceptance = await store(options, describe(arrival, content), content.source)
  if (acceptance.duplicate) return acceptance
  await enqueueAccepted(options, acceptance.image)
  return acceptance
}

async function store(
  { bucket, deduplication }: IntakeOptions,
  image: Original,
  source: InspectedContent['source'],
): Promise<Acceptance> {
  // The id of another uploader's image would be of no use, and would tell that somebody has the same bytes.
  const isShared = image.uploader === undefined && source instanceof Uint8Array
  return isShared && deduplication && (await deduplication.isEnabled(image.app))
    ? storeUnlessKnown(bucket, deduplication, image, source)
    : storeOnce(bucket, image, source)
}

function describe(arrival: Arrival, { header, bytes, sha256 }: InspectedContent): Original {
  const { app, imageId, origin, filename, attributes = {}, uploader } = arrival
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
    ...(uploader !== undefined && { uploader }),
    traceparent: Traceparent.safeParse(arrival.traceparent).data,
  }
}
