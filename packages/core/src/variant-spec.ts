import * as z from 'zod'
import { type Extension, VariantName } from './keys.ts'

/** The formats of variants; `quality` is the default if the preset has none (decision 26). */
export const OUTPUT_FORMATS = {
  jpeg: { contentType: 'image/jpeg', extension: 'jpg', quality: 80 },
  webp: { contentType: 'image/webp', extension: 'webp', quality: 75 },
  avif: { contentType: 'image/avif', extension: 'avif', quality: 55 },
  /** Lossless: the quality has no effect. */
  png: { contentType: 'image/png', extension: 'png', quality: 100 },
} as const satisfies Record<string, { contentType: string; extension: Extension; quality: number }>
export type OutputFormat = keyof typeof OUTPUT_FORMATS

/** The longest side of a variant, in pixels. */
const MAX_VARIANT_SIDE = 4096

const side = z.int().min(16).max(MAX_VARIANT_SIDE)

const GRAVITIES = [
  'centre',
  'top',
  'top-right',
  'right',
  'bottom-right',
  'bottom',
  'bottom-left',
  'left',
  'top-left',
] as const
export type Gravity = (typeof GRAVITIES)[number]

/** What a crop keeps: the centre, an edge, a corner, or the part that attracts attention (`smart`). */
export const CropPosition = z.enum([...GRAVITIES, 'smart'])
export type CropPosition = z.infer<typeof CropPosition>

/** A picture drawn over a variant, with a margin of 3 % of the shorter side. */
export const Watermark = z.strictObject({
  /** A file in the image processor's folder `watermarks`. */
  file: z
    .string()
    .regex(
      /^[a-z0-9-]{1,64}\.(png|webp)$/,
      'a watermark must be a .png or .webp with a name of a-z, 0-9 and "-"',
    ),
  gravity: z.enum(GRAVITIES).default('bottom-right'),
  /** 0 is invisible, 1 keeps the opacity of the file. */
  opacity: z.number().gt(0).max(1).default(0.6),
  /** Its width as a fraction of the variant's. It is never enlarged beyond the file's own width. */
  size: z.number().min(0.01).max(1).default(0.2),
})
export type Watermark = z.infer<typeof Watermark>

/**
 * One output of a preset: upright, sRGB, without EXIF, never enlarged. docs/presets.md explains every field.
 *
 *     { "name": "thumb", "size": 320, "format": "webp", "quality": 75 }
 *     { "name": "card", "fit": "cover", "width": 600, "height": 400, "position": "smart", "format": "avif" }
 */
export const VariantSpec = z
  .strictObject({
    name: VariantName,
    format: z.enum(Object.keys(OUTPUT_FORMATS) as [OutputFormat]),
    /** `inside` (the default) keeps the whole picture, `cover` fills the size and crops the rest. */
    fit: z.enum(['inside', 'cover']).optional(),
    /** Width and height, in pixels. */
    size: side.optional(),
    width: side.optional(),
    height: side.optional(),
    /** What `cover` keeps; `centre` by default. */
    position: CropPosition.optional(),
    /** Encoder quality, 1 to 100. */
    quality: z.int().min(1).max(100).optional(),
    /** The color behind transparent parts. The default is white for JPEG; the other formats stay transparent. */
    background: z
      .string()
      .regex(/^#[0-9a-f]{6}$/, 'a background must be #rrggbb in lower case')
      .optional(),
    /** `first` (the default) uses an animation's first frame. */
    animation: z.enum(['first', 'keep']).optional(),
    /** An animation with more frames becomes its first frame; 150 by default. */
    maxFrames: z.int().min(2).max(1000).optional(),
    watermark: Watermark.optional(),
  })
  .superRefine((spec, context) => {
    for (const [field, message] of contradictions(spec))
      context.addIssue({ code: 'custom', path: [field], message })
  })
export type VariantSpec = z.infer<typeof VariantSpec>

/** The rules that concern more than one field. */
function* contradictions(spec: Partial<VariantSpec>): Generator<[keyof VariantSpec, string]> {
  const { format, fit, size, width, height, animation } = spec
  if (size === undefined && width === undefined && height === undefined)
    yield ['size', 'set a size, or a width or height']
  if (size !== undefined && (width !== undefined || height !== undefined))
    yield ['size', 'size sets width and height: set size, or width and height, not both']
  if (fit === 'cover') {
    if (size === undefined && width === undefined) yield ['width', 'fit "cover" needs a width too']
    if (size === undefined && height === undefined) yield ['height', 'fit "cover" needs a height too']
  } else if (spec.position) yield ['position', 'only fit "cover" has a position']
  if (format === 'png' && spec.quality !== undefined) yield ['quality', 'png is lossless and has no quality']
  if (animation === 'keep') {
    if (format !== 'webp')
      yield ['animation', `${format} cannot be animated: only webp can keep an animation`]
    if (spec.position === 'smart') yield ['position', 'an animation cannot have a smart crop']
    if (spec.watermark) yield ['watermark', 'an animation cannot have a watermark']
  } else if (spec.maxFrames !== undefined) yield ['maxFrames', 'only animation "keep" has a frame limit']
}

/** The box that a variant fits into or fills, in pixels. A side that is not set has the maximum length. */
export function boxOf({ size, width, height }: VariantSpec): { width: number; height: number } {
  return {
    width: size ?? width ?? MAX_VARIANT_SIDE,
    height: size ?? height ?? MAX_VARIANT_SIDE,
  }
}

/** The color behind a variant's transparent parts, `#rrggbb`; undefined if they stay transparent. */
export function backgroundOf({ background, format }: VariantSpec): string | undefined {
  return background ?? (format === 'jpeg' ? '#ffffff' : undefined)
}

export function qualityOf({ quality, format }: VariantSpec): number {
  return quality ?? OUTPUT_FORMATS[format].quality
}
