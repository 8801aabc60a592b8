import type { VariantSpec, Warning } from '@darkroom/core'

/** A width and a height in pixels. */
export interface Size {
  width: number
  height: number
}

/** A variant to be made: its spec, and the bytes of the watermark that the spec names. */
export type VariantOrder = VariantSpec & { watermarkImage?: Uint8Array }

/** One output of a development, encoded as its spec asks: upright, sRGB, no EXIF, no ICC profile. */
export interface DevelopedVariant extends Size {
  spec: VariantSpec
  data: Buffer
  /** More than one where an animation was kept. */
  frames: number
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
  /** What only the decoder can know. */
  warnings: Warning[]
}

/**
 * Turns an original into its variants. Everything but an animation comes from one decode; the image is turned upright
 * by its EXIF orientation and never enlarged; of an animation the first frame counts, unless a spec keeps it and it is
 * within the limits; transparency lies on the spec's background, and on white in JPEG.
 */
export interface ImageEngine {
  readonly name: 'sharp' | 'jimp'
  /**
   * @param variants none that the engine cannot make, see `unsupportedBy`
   * @throws ProblemError `corrupt-image` if the original cannot be decoded, `image-too-large` if it has more
   *   pixels than its type may have (core's `IMAGE_TYPES`); any other error lies with us, not with the image
   */
  develop(original: Uint8Array, variants: readonly VariantOrder[]): Promise<Development>
}
