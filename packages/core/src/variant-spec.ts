import * as z from 'zod'
import { type Extension, VariantName } from './keys.ts'

/** The formats a variant can have; `quality` is what an encoder gets where a preset says nothing (decision 26). */
export const OUTPUT_FORMATS = {
  jpeg: { contentType: 'image/jpeg', extension: 'jpg', quality: 80 },
  webp: { contentType: 'image/webp', extension: 'webp', quality: 75 },
  avif: { contentType: 'image/avif', extension: 'avif', quality: 55 },
  /** Lossless, whatever the quality. */
  png: { contentType: 'image/png', extension: 'png', quality: 100 },
} as const satisfies Record<string, { contentType: string; extension: Extension; quality: number }>
export type OutputFormat = keyof typeof OUTPUT_FORMATS

/** The longest side that a variant may have, in pixels. */
export const MAX_VARIANT_SIDE = 4096

const side = z.int().min(16).max(MAX_VARIANT_SIDE)

export const GRAVITIES = [
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

/** What a crop keeps: the middle, an edge, a corner, or what draws the eye. */
export const CropPosition = z.enum([...GRAVITIES, 'smart'])
export type CropPosition = z.infer<typeof CropPosition>

/** A picture laid over a variant, 3 % of the shorter side away from the edges. */
export const Watermark = z.strictObject({
  /** In the folder `watermarks` of the image processor. */
  file: z
    .string()
    .regex(/^[a-z0-9-]{1,64}\.(png|webp)$/, 'a watermark is a .png or .webp with a name of a-z, 0-9 and "-"'),
  gravity: z.enum(GRAVITIES).default('bottom-right'),
  /** 0 is invisible, 1 as the file has it. */
  opacity: z.number().gt(0).max(1).default(0.6),
  /** Its width as a share of the variant's; never more pixels than the file has. */
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
    /** `inside` (the default) keeps the whole picture, `cover` fills the size and cuts off what is left over. */
    fit: z.enum(['inside', 'cover']).optional(),
    /** Width and height at once, in pixels. */
    size: side.optional(),
    width: side.optional(),
    height: side.optional(),
    /** What `cover` keeps; `centre` by default. */
    position: CropPosition.optional(),
    /** Encoder quality, 1 to 100. */
    quality: z.int().min(1).max(100).optional(),
    /** What transparent parts lie on. Without it JPEG has white, and the other formats stay transparent. */
    background: z
      .string()
      .regex(/^#[0-9a-f]{6}$/, 'a background is #rrggbb in lower case')
      .optional(),
    /** `first` (the default) takes an animation's first frame. */
    animation: z.enum(['first', 'keep']).optional(),
    /** An animation of more frames is not kept; 150 by default. */
    maxFrames: z.int().min(2).max(1000).optional(),
    watermark: Watermark.optional(),
  })
  .superRefine((spec, context) => {
    for (const [field, message] of contradictions(spec))
      context.addIssue({ code: 'custom', path: [field], message })
  })
export type VariantSpec = z.infer<typeof VariantSpec>

/** What each field may be is said above; this is what fields say of each other. */
function* contradictions(spec: Partial<VariantSpec>): Generator<[keyof VariantSpec, string]> {
  const { format, fit, size, width, height, animation } = spec
  if (size === undefined && width === undefined && height === undefined)
    yield ['size', 'there must be a size, or a width or height']
  if (size !== undefined && (width !== undefined || height !== undefined))
    yield ['size', 'size stands for width and height: give the one or the others']
  if (fit === 'cover') {
    if (size === undefined && width === undefined) yield ['width', 'fit "cover" needs a width as well']
    if (size === undefined && height === undefined) yield ['height', 'fit "cover" needs a height as well']
  } else if (spec.position) yield ['position', 'only fit "cover" has a position']
  if (format === 'png' && spec.quality !== undefined) yield ['quality', 'png is lossless and has no quality']
  if (animation === 'keep') {
    if (format !== 'webp')
      yield ['animation', `${format} variants stand still: only webp can keep an animation`]
    if (spec.position === 'smart')
      yield ['position', 'an animation cannot be cropped smartly, frame by frame']
    if (spec.watermark) yield ['watermark', 'an animation takes no watermark']
  } else if (spec.maxFrames !== undefined) yield ['maxFrames', 'only animation "keep" has a limit of frames']
}

/** The box that a variant fits into or fills, in pixels. A side that is not given is bounded by what any may have. */
export function boxOf({ size, width, height }: VariantSpec): { width: number; height: number } {
  return {
    width: size ?? width ?? MAX_VARIANT_SIDE,
    height: size ?? height ?? MAX_VARIANT_SIDE,
  }
}

/** What transparent parts of a variant lie on, `#rrggbb`; undefined where they stay transparent. */
export function backgroundOf({ background, format }: VariantSpec): string | undefined {
  return background ?? (format === 'jpeg' ? '#ffffff' : undefined)
}

export function qualityOf({ quality, format }: VariantSpec): number {
  return quality ?? OUTPUT_FORMATS[format].quality
}
