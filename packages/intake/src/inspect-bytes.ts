import { createHash } from 'node:crypto'
import type { ImageType } from '@darkroom/core'
import { type ImageHeader, inspectImage } from '@darkroom/image-file'

/** An image that has been looked at, and where its bytes are: here, or in the bucket. */
export interface InspectedContent {
  header: ImageHeader
  /** Size in bytes. */
  bytes: number
  sha256: string
  source: Uint8Array | { key: string; etag: string | undefined }
}

/** @throws ProblemError as `inspectImage` does */
export async function inspectBytes(
  bytes: Uint8Array,
  accepted?: readonly ImageType[],
): Promise<InspectedContent> {
  const header = await inspectImage(bytes, accepted)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  return { header, bytes: bytes.length, sha256, source: bytes }
}
