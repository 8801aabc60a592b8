import type { VariantSpec } from '@darkroom/core'

/** A width and a height in pixels. */
export interface Size {
  width: number
  height: number
}

/** One output of a development, encoded as its spec asks: upright, sRGB, no EXIF, no ICC profile. */
export interface DevelopedVariant extends Size {
  spec: VariantSpec
  data: Buffer
}

/** A small picture of the image, sRGB with straight alpha, 4 bytes a pixel, at most 320 px a side. */
export interface Preview extends Size {
  rgba: Uint8Array
}

/** What an engine makes of one original. */
export interface Development {
  /** Of the upright original. */
  width: number
  height: number
  /** In the order of the specs. */
  variants: DevelopedVariant[]
  preview: Preview
}

/**
 * Turns an original into its variants. Everything comes from one decode; the image is turned upright by its
 * EXIF orientation and never enlarged; of an animation the first frame counts; transparency stays in WebP
 * and lies on white in JPEG.
 */
export interface ImageEngine {
  readonly name: 'sharp' | 'jimp'
  /**
   * @throws ProblemError `corrupt-image` if the original cannot be decoded, `image-too-large` if it has more
   *   pixels than its type may have (core's `IMAGE_TYPES`); any other error lies with us, not with the image
   */
  develop(original: Uint8Array, variants: readonly VariantSpec[]): Promise<Development>
}
