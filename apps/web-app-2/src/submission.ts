import { randomBytes } from 'node:crypto'
import { deriveImageId, type ImageId, timeOf } from '@darkroom/core'
import type { TopicRecord } from './open-topic.ts'
import type { Upload } from './read-upload.ts'

/** This app's name in Darkroom, by the configuration of its topic. */
const APP = 'web-app-2'
const SOURCE = '/web-app-2'

/** A record, and the id that its image will have: everyone who reads the record derives the same. */
export interface Submission extends TopicRecord {
  imageId: ImageId
}

/**
 * The upload as a CloudEvent in binary content mode (CloudEvents Kafka protocol binding 1.0, section 3.2).
 * Nothing in it is drawn by chance but a traceparent that was not given, so the same event id makes the same image.
 *
 *     key              01994b1e-…                  the image's id
 *     ce_specversion   1.0
 *     ce_type          image.submitted.v1
 *     ce_source        /web-app-2
 *     ce_id            01994b1e-…                  the client's Idempotency-Key
 *     ce_time          2026-11-23T16:31:02.120Z    the key's own time
 *     content-type     image/jpeg
 *     ce_filename      Straße am Meer.jpg          in UTF-8: a header's value is bytes
 *     ce_attributes    {"note":"low tide"}
 *     traceparent      00-…
 *     value            the image's bytes
 */
export function submissionOf(upload: Upload, eventId: ImageId, traceparent?: string | string[]): Submission {
  const time = timeOf(eventId)
  const imageId = deriveImageId({ app: APP, time, source: SOURCE, id: eventId })
  return {
    imageId,
    key: imageId,
    headers: {
      ce_specversion: '1.0',
      ce_type: 'image.submitted.v1',
      ce_source: SOURCE,
      ce_id: eventId,
      ce_time: time.toISOString(),
      'content-type': upload.contentType,
      ...(upload.filename && { ce_filename: upload.filename }),
      ...(upload.attributes && { ce_attributes: JSON.stringify(upload.attributes) }),
      traceparent: readTraceparent(traceparent) ?? newTraceparent(),
    },
    value: upload.bytes,
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
