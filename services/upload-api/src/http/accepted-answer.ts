import type { UploadAccepted } from '@darkroom/core'
import type { AcceptedImage } from '@darkroom/intake'
import type { ApiResult } from './api-event.ts'
import { jsonAnswer } from './json-answer.ts'

/** What a sender is told of an accepted image. */
export type ToldImage = Pick<AcceptedImage, 'imageId' | 'acceptedAt' | 'contentType' | 'bytes' | 'sha256'>

/**
 * 202: whatever way the image came. `replayed` tells a client that repeats itself, `duplicate` one whose bytes are those
 * of an earlier image.
 */
export function acceptedAnswer(image: ToldImage, replayed: boolean, duplicate?: true): ApiResult {
  const self = `/v1/images/${image.imageId}`
  const body: UploadAccepted = {
    id: image.imageId,
    status: 'queued',
    acceptedAt: image.acceptedAt,
    contentType: image.contentType,
    bytes: image.bytes,
    sha256: image.sha256,
    ...(duplicate && { duplicate }),
    links: { self },
  }
  return jsonAnswer(202, body, {
    location: self,
    'retry-after': 1,
    ...(replayed && { 'idempotency-replayed': 'true' }),
  })
}
