import * as z from 'zod'
import { cloudEvent } from './cloud-event.ts'
import { ImageId } from './image-id.ts'
import { ErasedDocument, FailedDocument, ProcessedDocument } from './metadata-document.ts'
import { Sequence } from './s3-event.ts'
import { whyUnreadable } from './tolerant.ts'

function outcome<Type extends string, Document extends z.ZodType>(type: Type, document: Document) {
  return cloudEvent(type, document.optional()).extend({
    sequence: Sequence,
    dataref: z.string().startsWith('s3://').optional(),
  })
}

/**
 * An image was processed. On the events topic; `data` is its metadata document.
 *
 *     { "specversion": "1.0", "type": "image.processed.v1", "source": "/darkroom/image-processor",
 *       "id": "01a207d9-…/00655F2B…", "subject": "01a207d9-…", "time": "2026-11-23T10:00:02.000Z",
 *       "datacontenttype": "application/json", "sequence": "00655F2B3C9A1D4E0200000000000000",
 *       "data": { "schema_version": 1, "image_id": "01a207d9-…", "app": "web-app-1", "status": "processed", … } }
 *
 * Delivery is at least once and unordered. Of several events of one image, the one with the greatest `sequence`, compared as
 * text, is current: ignore the others. A document that is too large for SNS is not in the event: `dataref` then is its S3 URI
 * (https://github.com/cloudevents/spec/blob/main/cloudevents/extensions/dataref.md).
 */
export const ImageProcessed = outcome('image.processed.v1', ProcessedDocument)
export type ImageProcessed = z.infer<typeof ImageProcessed>

/** An image could not be processed; `data.failure_type` and `data.failure_detail` say why. It can still be processed later. */
export const ImageFailed = outcome('image.failed.v1', FailedDocument)
export type ImageFailed = z.infer<typeof ImageFailed>

/** An image was erased, which is final; `data` is the receipt. */
export const ImageErased = outcome('image.erased.v1', ErasedDocument)
export type ImageErased = z.infer<typeof ImageErased>

/** A document with its status, whatever the version that wrote it. */
const AnyDocument = z.looseObject({ app: z.string(), image_id: z.string(), status: z.string() })

/** What every event of this topic has, also those of a later version. */
const ReceivedOutcome = z.object({
  type: z.string(),
  subject: ImageId,
  time: z.iso.datetime({ offset: true }),
  sequence: z.string(),
  data: AnyDocument.optional(),
  dataref: z.string().optional(),
})
export type ReceivedOutcome = z.infer<typeof ReceivedOutcome>

/** Reads an event of the topic, of this or a later version. If it cannot be read, `unreadable` is the reason, for a log. */
export function readOutcomeEvent(
  body: string,
): { event: ReceivedOutcome; unreadable?: undefined } | { event?: undefined; unreadable: string } {
  try {
    return { event: ReceivedOutcome.parse(JSON.parse(body)) }
  } catch (error) {
    return { unreadable: whyUnreadable(error) }
  }
}
