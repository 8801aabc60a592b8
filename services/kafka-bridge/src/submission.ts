import { type AppId, type ImageRef, ProblemError } from '@darkroom/core'
import type { ArrivalDetails } from '@darkroom/intake'

/** Identifies an event and so its image: the same app, source and id are the same image, at any position in any topic. */
export interface EventIdentity {
  app: AppId
  source: string
  id: string
  /** An invalid date if the event states a time that cannot be read. */
  time: Date
}

/** The image itself, or a claim check: the `s3://` URI of an object that is the image. */
export type Content = ({ bytes: Uint8Array } | { ref: string }) & Pick<ArrivalDetails, 'declaredType'>

/** A record whose identity has been read. Content and attributes are read on demand, because they can be invalid. */
export type SubmittedEvent = Pick<ArrivalDetails, 'origin' | 'filename' | 'traceparent'> & {
  identity: EventIdentity
  /** The record's value, if it is the image. */
  bytes?: Uint8Array | undefined
  /** @throws ProblemError `malformed-request`, `empty-body` */
  readContent(): Content
  /** @throws ProblemError `malformed-request` */
  readUploader(): ArrivalDetails['uploader']
  /** @throws ProblemError `malformed-request` */
  readAttributes(): ArrivalDetails['attributes']
}

/** The same without what the topic decides. */
export type ReadEvent = Omit<SubmittedEvent, 'identity' | 'origin'> & { identity: Omit<EventIdentity, 'app'> }

/** An event with the id of its image; the rest of it can still be invalid. */
export type IdentifiedEvent = Omit<SubmittedEvent, 'identity'> & Pick<ArrivalDetails, 'app' | 'imageId'>

/** An arrival with its bytes or with a claim check. */
export type Submission = ArrivalDetails & Content

/** What is known about an image when it is refused, which depends on the stage. */
export type KnownImage = ImageRef &
  Pick<ArrivalDetails, 'origin' | 'filename' | 'attributes' | 'uploader' | 'traceparent'> & {
    bytes?: Uint8Array | undefined
  }

/**
 * Reads an event's uploader, so that also a refused image is of its uploader, then its image or claim check, and its attributes.
 *
 * @throws RefusedImage `malformed-request`, `empty-body`
 */
export async function readSubmission(event: IdentifiedEvent): Promise<Submission> {
  const { readUploader, readContent, readAttributes, bytes, ...known } = event
  const image = { ...known, uploader: await refusing(event, readUploader) }
  const content = await refusing({ ...image, bytes }, readContent)
  const attributes = await refusing({ ...image, ...content }, readAttributes)
  return { ...image, ...content, attributes }
}

/** A problem with an image that has an id, so its sender can ask for its status. */
export class RefusedImage extends ProblemError {
  override name = 'RefusedImage'
  readonly image: KnownImage

  constructor(image: KnownImage, { slug, detail, cause }: ProblemError) {
    super(slug, detail, { cause })
    this.image = image
  }
}

/**
 * Runs a step. Unless the step may succeed later, its error contains what was known about the image before.
 *
 * @throws RefusedImage; a retryable ProblemError
 */
export async function refusing<Result>(
  image: KnownImage,
  step: () => Result | Promise<Result>,
): Promise<Result> {
  try {
    return await step()
  } catch (error) {
    throw isTemporary(error) ? error : new RefusedImage(image, toProblem(error))
  }
}

/** Whether the same record may be accepted later. */
export function isTemporary(error: unknown): boolean {
  if (!(error instanceof ProblemError) || error instanceof RefusedImage) return false
  // Nobody would know until midnight what became of the image. Its event can be sent again then.
  return error.retryable && error.slug !== 'quota-exceeded'
}

/** An error that is no problem of the image's is a defect of ours: the record is refused too, because it would fail again. */
export function toProblem(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error
  return new ProblemError('internal', 'The record cannot be read because of an error in Darkroom.', {
    cause: error,
  })
}
