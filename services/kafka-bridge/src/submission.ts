import type { Arrival } from '@darkroom/intake'

/** What identifies an event, and so its image: the same three are the same image, wherever the record lies. */
export interface EventIdentity {
  time: Date
  source: string
  id: string
}

/** The image itself, or a claim check: the `s3://` URI of an object that is the image. */
export type Content = { bytes: Uint8Array } | { ref: string }

/** What a record says of its image, whichever way it says it. */
export type SubmittedImage = Pick<Arrival, 'declaredType' | 'filename' | 'attributes' | 'traceparent'> &
  Content & { identity: EventIdentity }

/** An arrival whose bytes may have to be fetched yet. */
export type Submission = Omit<Arrival, 'bytes'> & Content
