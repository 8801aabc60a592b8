import type { ImageAccepted, Tolerant } from '@darkroom/core'
import type { ImageEngine } from '../engines/image-engine.ts'

/** One try at one message. */
export interface Attempt {
  message: Tolerant<ImageAccepted>
  /** How often SQS has handed the message out, this time included. */
  receiveCount: number
  /** Unix milliseconds. */
  started: number
  engine?: ImageEngine['name']
}
