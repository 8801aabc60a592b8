import { type ImageRef, metadataKey, timeOf } from '@darkroom/core'
import { isPastDeadline } from '@darkroom/retention'
import type { AuditContext } from './audit-context.ts'
import type { Breach } from './breaches.ts'
import { statusOf } from './check-others.ts'
import type { SeenImage } from './statuses.ts'

/** `unknown`: the document cannot be read, or is of a later version. */
export type Status = 'none' | 'queued' | 'processed' | 'failed' | 'erased' | 'unknown'

/** What may become of an image. Nothing is stored of it any more after its retention only. */
const NEXT: Record<string, Status[]> = {
  queued: ['queued', 'processed', 'failed', 'erased'],
  failed: ['failed', 'processed', 'erased'],
  processed: ['processed', 'erased'],
  erased: ['erased'],
}

/**
 * What is remembered of an image, if anything. An unknown status does not replace a known one, nor does one that went
 * back, so that it is found until it is mended.
 */
export function remembered(image: ImageRef, before: SeenImage | undefined, status: Status): SeenImage[] {
  if (status === 'none') return []
  const known = status === 'unknown' ? before?.status : status
  return known === undefined ? [] : [{ image, status: known }]
}

/** Whether a status is possible after the one of the last audit. It is asked for again, because the store changes. */
export async function checkNext(
  context: AuditContext,
  { image, status: before }: SeenImage,
  status: Status,
): Promise<Breach[]> {
  if (isPossible(context, image, before, status)) return []
  const now = await statusOf(context.bucket, image)
  if (isPossible(context, image, before, now)) return []
  const is = now === 'none' ? 'nothing of it is stored' : `it is ${now}`
  return [
    {
      class: 'status-regression',
      key: metadataKey(image),
      detail: `it was ${before} at an earlier audit, now ${is}`,
    },
  ]
}

function isPossible(
  { retention, now }: AuditContext,
  image: ImageRef,
  before: string,
  status: string,
): boolean {
  const next: string[] | undefined = NEXT[before]
  if (next === undefined || next.includes(status) || !(status in NEXT || status === 'none')) return true
  const kind = before === 'queued' ? 'input' : 'metadata'
  return isPastDeadline(
    retention,
    { app: image.app, acceptedAt: timeOf(image.imageId).toISOString() },
    kind,
    now,
  )
}
