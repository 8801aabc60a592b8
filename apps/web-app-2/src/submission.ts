import { randomBytes } from 'node:crypto'
import { deriveImageId, type ImageId, type ImageRef, Traceparent, timeOf } from '@darkroom/core'
import type { TopicRecord } from './open-topic.ts'
import type { Upload } from './read-upload.ts'

/** This app's id in Darkroom; its topic is configured for it. */
const APP = 'web-app-2'
const SOURCE = '/web-app-2'

/** An upload as an event, with the image id that every reader derives from the event. */
export interface Submission extends Upload, ImageRef {
  /** The CloudEvent attributes that both content modes have. */
  event: { specversion: '1.0'; type: 'image.submitted.v1'; source: string; id: ImageId; time: string }
  traceparent: string
}

/**
 * Deterministic, except for a generated traceparent: the same event id makes the same image, whether its bytes are in
 * the record or in S3.
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
    traceparent: Traceparent.safeParse(traceparent).data ?? newTraceparent(),
  }
}

function newTraceparent(): string {
  return `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-01`
}

/**
 * A CloudEvent that contains the image, in binary content mode (CloudEvents Kafka protocol binding 1.0, section 3.2).
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
export function toRecordWithImage(submission: Submission): TopicRecord {
  const { imageId, event, contentType, filename, attributes, traceparent, bytes } = submission
  const attributesOfEvent = Object.entries(event).map(([name, value]) => [`ce_${name}`, value])
  return {
    key: imageId,
    headers: {
      ...Object.fromEntries(attributesOfEvent),
      'content-type': contentType,
      ...(filename && { ce_filename: filename }),
      ...(attributes && { ce_attributes: JSON.stringify(attributes) }),
      traceparent,
    },
    value: bytes,
  }
}

/**
 * A CloudEvent that refers to the image, in structured content mode (section 3.3): a claim check.
 *
 *     key              01994b1e-…
 *     content-type     application/cloudevents+json
 *     value            {"specversion": "1.0", "type": …, "source": …, "id": …, "time": …, "traceparent": "00-…",
 *                       "filename": "Straße am Meer.jpg", "attributes": {"note": "low tide"},
 *                       "datacontenttype": "application/json", "data": {"ref": "s3://darkroom/claims/web-app-2/…"}}
 */
export function toRecordWithClaim(submission: Submission, ref: string): TopicRecord {
  const { imageId, event, filename, attributes, traceparent } = submission
  const datacontenttype = 'application/json'
  const value = { ...event, traceparent, filename, attributes, datacontenttype, data: { ref } }
  return {
    key: imageId,
    headers: { 'content-type': 'application/cloudevents+json' },
    value: Buffer.from(JSON.stringify(value)),
  }
}
