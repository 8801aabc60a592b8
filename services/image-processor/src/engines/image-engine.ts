import type { OutputFormat, VariantSpec, Warning } from '@darkroom/core'
import type { FileTraits } from '@darkroom/image-file'
import type { Pixels, Size } from './pixels.ts'

/** A spec with the bytes of the watermark that it names. */
export type VariantRequest = VariantSpec & { watermarkImage?: Uint8Array }

/** One output of a development, encoded as its spec asks: upright, sRGB, no EXIF, no ICC profile. */
export interface DevelopedVariant extends Size {
  spec: VariantSpec
  /** The spec's, or one of `SHOWN_WITH`: that of a graphic without loss that is smaller so, or the original's for a copy of it. */
  format: OutputFormat
  data: Buffer
  /** More than one where an animation was kept. */
  frames: number
}

/** What a variant can have instead of the format of its spec: every program that shows that shows these, too. */
export const SHOWN_WITH: Record<OutputFormat, readonly OutputFormat[]> = {
  jpeg: ['jpeg', 'png'],
  webp: ['webp', 'jpeg', 'png'],
  avif: ['avif', 'webp', 'jpeg', 'png'],
  png: ['png'],
}

/** What an engine makes of one original. */
export interface Development {
  /** Width and height of the upright original. */
  width: number
  height: number
  /** In the order of the specs. */
  variants: DevelopedVariant[]
  /** The upright image, at most 320 px a side. */
  preview: Pixels
  /** What only the decoder can know. */
  warnings: Warning[]
}

/**
 * Makes an original's variants. All but animations come from one decode. The image is rotated by its EXIF orientation and
 * never enlarged. An animation becomes its first frame, unless a spec keeps animations and it is within the limits.
 * Transparency is composited over the spec's background, and over white in JPEG.
 */
export interface ImageEngine {
  readonly name: 'sharp' | 'jimp'
  /**
   * @param variants must be supported, see `unsupportedBy`
   * @param traits of the original, if the caller has read them
   * @throws ProblemError `corrupt-image` if the original cannot be decoded, `image-too-large` if it has more
   *   pixels than its type may have (core's `IMAGE_TYPES`); any other error is our fault, not the image's
   */
  develop(
    original: Uint8Array,
    variants: readonly VariantRequest[],
    traits?: FileTraits,
  ): Promise<Development>
  /** Loads what it would load at its first pictures. Its process opens no files after that. */
  warmUp?(): Promise<void>
}

/** A field of a spec that an engine does not support, and why. */
export interface Unsupported {
  field: keyof VariantSpec
  reason: string
}

/** Loads no engine, so a process that starts one elsewhere can ask as well. */
export function unsupportedBy(engine: ImageEngine['name'], spec: VariantSpec): Unsupported[] {
  return engine === 'jimp' ? [...unsupportedByJimp(spec)] : []
}

function* unsupportedByJimp({ format, position, animation }: VariantSpec): Generator<Unsupported> {
  if (format === 'avif') yield { field: 'format', reason: 'the jimp engine writes no AVIF' }
  if (position === 'smart') yield { field: 'position', reason: 'the jimp engine cannot crop smartly' }
  if (animation === 'keep') yield { field: 'animation', reason: 'the jimp engine keeps no animation' }
}

/** What an engine cannot do with some images. An image that it concerns has a warning in its document. */
export const LIMITATIONS: Record<ImageEngine['name'], string[]> = {
  sharp: [],
  jimp: ['the jimp engine does not convert CMYK nor profiles with tables: such images have wrong colors'],
}
