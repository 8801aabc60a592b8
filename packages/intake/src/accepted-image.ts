import type { ImageId, ImageType, InputMetadata } from '@darkroom/core'

/** An image whose original lies in S3. */
export interface AcceptedImage extends InputMetadata {
  imageId: ImageId
  contentType: ImageType
  /** Size of the original in bytes. */
  bytes: number
}

/** What became of an arrival: `replayed` says that the same bytes had been accepted under this id before. */
export interface Acceptance {
  image: AcceptedImage
  replayed: boolean
  /** The image is an earlier one with the same bytes, and nothing was stored. */
  duplicate?: true
}
