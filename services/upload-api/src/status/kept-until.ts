import type { ImageRef, ImageStatus } from '@darkroom/core'
import { deadlineOf } from '@darkroom/retention'
import { env } from '../environment.ts'

/** Until when the parts of an image are there. */
export function keptUntil(image: ImageRef): NonNullable<ImageStatus['keptUntil']> {
  const [original, variants, status] = (['input', 'processed', 'metadata'] as const).map((kind) =>
    deadlineOf(env.RETENTION, image, kind).toISOString(),
  ) as [string, string, string]
  return { original, variants, status }
}
