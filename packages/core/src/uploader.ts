import { createHash } from 'node:crypto'
import { Text } from './text.ts'
import { isUploader, MAX_UPLOADER_BYTES } from './upload-token.ts'

/** The app's own user who uploaded an image: an opaque name, never part of a key. */
export const Uploader = Text.min(1, { abort: true })
  .refine(isUploader, `must have at most ${MAX_UPLOADER_BYTES} bytes of UTF-8`)
  .meta({ description: "The app's own user who uploaded the image.", example: 'user-4711' })

/** Names the uploader in the key of a direct upload: 32 hex digits of a hash. */
export function ownerOf(uploader: string): string {
  return createHash('sha256').update(uploader).digest('hex').slice(0, 32)
}
