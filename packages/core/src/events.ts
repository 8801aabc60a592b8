import * as z from 'zod'
import { AppId } from './app-id.ts'
import { Attributes } from './attributes.ts'
import { cloudEvent } from './cloud-event.ts'
import { Filename } from './filename.ts'
import { ImageId } from './image-id.ts'
import { ImageType, Sha256 } from './image-types.ts'
import { inputKey, s3Uri } from './keys.ts'
import { Origin } from './origin.ts'
import { PresetName } from './presets.ts'
import { type Tolerant, tolerant, whyUnreadable } from './tolerant.ts'
import { Uploader } from './uploader.ts'

/**
 * An original is stored in S3 and has to be developed. The message on the image queue; the bytes are not part of it.
 *
 *     { "specversion": "1.0", "type": "image.accepted.v1", "source": "/darkroom/upload-api",
 *       "id": "01a207d9-…", "subject": "01a207d9-…", "time": "2026-11-23T10:00:00.000Z",
 *       "datacontenttype": "application/json",
 *       "data": { "app": "web-app-1", "imageId": "01a207d9-…",
 *                 "s3Uri": "s3://darkroom/input/web-app-1/2026-11-23/01a207d9-…",
 *                 "contentType": "image/jpeg", "bytes": 733428, "sha256": "b5bb…",
 *                 "acceptedAt": "2026-11-23T10:00:00.000Z", "origin": { "kind": "http" },
 *                 "filename": "IMG_0001.JPG", "attributes": {} } }
 *
 * `receives`, `waitingsince`, `enginedeaths` and `deadletters` are extension attributes that the image processor adds when it
 * sends a message again: how often it was received before, since when S3 has not answered, how often the engine's process died
 * while it developed this image, and how often the message was a dead letter.
 *
 * With `"redevelop": { "preset": "default" }` an image that is already processed is developed again with that preset,
 * unless it was developed with the preset's current version.
 */
export const ImageAccepted = cloudEvent(
  'image.accepted.v1',
  z.object({
    app: AppId,
    imageId: ImageId,
    s3Uri: z.string().startsWith('s3://'),
    contentType: ImageType,
    bytes: z.int().positive(),
    sha256: Sha256,
    acceptedAt: z.iso.datetime(),
    origin: Origin,
    filename: Filename.optional(),
    attributes: Attributes,
    uploader: Uploader.optional(),
    redevelop: z.object({ preset: PresetName }).optional(),
  }),
).extend({
  receives: z.int().positive().optional(),
  waitingsince: z.iso.datetime().optional(),
  enginedeaths: z.int().positive().optional(),
  deadletters: z.int().positive().optional(),
})
export type ImageAccepted = z.infer<typeof ImageAccepted>

/** A message of another type follows another contract. Parts of S3 keys are checked, whoever wrote them. */
const ReceivedImageAccepted = tolerant(ImageAccepted).and(
  z.object({
    type: ImageAccepted.shape.type,
    subject: ImageId,
    data: ImageAccepted.shape.data.pick({ app: true, imageId: true, s3Uri: true }),
  }),
)

/**
 * Reads the body of a message on the image queue. If it cannot be read, `unreadable` is the reason, for a log. A message
 * may refer only to the original of its own image in `bucket`: otherwise one app could have another's image processed.
 */
export function readImageAccepted(
  body: string,
  bucket: string,
):
  | { message: Tolerant<ImageAccepted>; unreadable?: undefined }
  | { message?: undefined; unreadable: string } {
  try {
    const message = ReceivedImageAccepted.parse(JSON.parse(body))
    const unreadable = findForeignReference(message, bucket)
    return unreadable === undefined ? { message } : { unreadable }
  } catch (error) {
    return { unreadable: whyUnreadable(error) }
  }
}

function findForeignReference(
  { subject, data }: Tolerant<ImageAccepted>,
  bucket: string,
): string | undefined {
  if (subject !== data.imageId) return 'subject: it is not data.imageId'
  if (data.s3Uri !== s3Uri(bucket, inputKey(data))) {
    return "data: s3Uri: it is not this image's original in this bucket"
  }
  return undefined
}
