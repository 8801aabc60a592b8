import type { ImageRef } from '@darkroom/core'
import type { ArrivalDetails } from '@darkroom/intake'

/** What identifies an event, and so its image: the same three are the same image, wherever the record lies. */
export interface EventIdentity {
  time: Date
  source: string
  id: string
}

/** The image itself, or a claim check: the `s3://` URI of an object that is the image. */
export type Content = ({ bytes: Uint8Array } | { ref: string }) & Pick<ArrivalDetails, 'declaredType'>

/** What a record says, as far as nothing can be wrong with it; the rest is not looked at yet. */
export type SubmittedEvent = Pick<ArrivalDetails, 'filename' | 'traceparent'> & {
  identity: EventIdentity
  /** The record's value, if that is the image. */
  bytes?: Uint8Array | undefined
  /** @throws ProblemError `malformed-request`, `empty-body` */
  readContent(): Content
  /** @throws ProblemError `malformed-request` */
  readAttributes(): ArrivalDetails['attributes']
}

/** An event that is one image's, whatever else may be wrong with it. */
export type IdentifiedEvent = Omit<SubmittedEvent, 'identity'> &
  Pick<ArrivalDetails, 'app' | 'imageId' | 'origin'>

/** An arrival whose bytes may lie elsewhere. */
export type Submission = ArrivalDetails & Content

/** What is known of an image at whatever stage it was refused. */
export type KnownImage = ImageRef &
  Pick<ArrivalDetails, 'origin' | 'filename' | 'attributes' | 'traceparent'> & {
    bytes?: Uint8Array | undefined
  }
