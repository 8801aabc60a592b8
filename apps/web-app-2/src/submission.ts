import { randomBytes } from 'node:crypto'
import { deriveImageId, type ImageId, type ImageRef, timeOf } from '@darkroom/core'
import type { Upload } from './read-upload.ts'

/** This app's name in Darkroom, by the configuration of its topic. */
const APP = 'web-app-2'
const SOURCE = '/web-app-2'

/** An upload as an event, and the image that it will be: everyone who reads the event derives the same id. */
export interface Submission extends Upload, ImageRef {
  /** The attributes of the CloudEvent that both of its modes have. */
  event: { specversion: '1.0'; type: 'image.submitted.v1'; source: string; id: ImageId; time: string }
  traceparent: string
}

/**
 * Nothing in it is drawn by chance but a traceparent that was not given, so the same event id makes the same
 * image, whichever way its bytes go.
 */
export function submissionOf(upload: Upload, eventId: ImageId, traceparent?: string | string[]): Submission {
  const time = timeOf(eventId)
  return {
    ...upload,
    app: APP,
    imageId: deriveImageId({ app: APP, time, source: SOURCE, id: eventId }),
    event: {
      specversion: '1.0',
      type: 'image.submitted.v1',
      source: SOURCE,
      id: eventId,
      time: time.toISOString(),
    },
    traceparent: readTraceparent(traceparent) ?? newTraceparent(),
  }
}

/** W3C Trace Context, version 00. */
const TRACEPARENT = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/

function readTraceparent(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' && TRACEPARENT.test(header) ? header : undefined
}

function newTraceparent(): string {
  return `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-01`
}
