interface Size {
  width: number
  height: number
}

interface Picture extends Size {
  url: string
  contentType: string
  bytes: number
}

/** A format that the browser can choose, and its candidates. */
export interface Source {
  type: string
  srcset: string
}

/**
 * The `srcset` of an `<img>`, whose candidates must show the same picture at different widths. It has no cropped variants,
 * and no AVIF: a `srcset` cannot name types, and not every browser supports AVIF. For each width it has the smallest file.
 * Undefined if no variant qualifies.
 */
export function toSrcset(variants: Picture[], original: Size): string | undefined {
  return format(inAnyBrowser(variants, original)) || undefined
}

/** In the order in which browsers should try them. */
const SOURCE_TYPES = ['image/avif', 'image/webp']

/**
 * The `<source>` elements of a `<picture>` around that `<img>`: a browser takes the first whose type it supports, and then has
 * only its candidates. So a format is among them if it has the largest width, in fewer bytes than the `<img>`.
 */
export function toSources(variants: Picture[], original: Size): Source[] {
  const largest = inAnyBrowser(variants, original).at(-1)
  return SOURCE_TYPES.flatMap((type) => {
    const candidates = perWidth(
      variants.filter(({ contentType }) => contentType === type),
      original,
    )
    const best = candidates.at(-1)
    const pays =
      best && (!largest || (best.width >= largest.width && (best.bytes < largest.bytes || best === largest)))
    return pays ? [{ type, srcset: format(candidates) }] : []
  })
}

function inAnyBrowser(variants: Picture[], original: Size): Picture[] {
  return perWidth(
    variants.filter(({ contentType }) => contentType !== 'image/avif'),
    original,
  )
}

/** Of the uncropped ones the smallest file of each width, by width. */
function perWidth(variants: Picture[], original: Size): Picture[] {
  const byWidth = new Map<number, Picture>()
  for (const variant of variants) {
    if (!isUncropped(original, variant)) continue
    const other = byWidth.get(variant.width)
    if (!other || variant.bytes <= other.bytes) byWidth.set(variant.width, variant)
  }
  return [...byWidth.values()].sort((a, b) => a.width - b.width)
}

function format(candidates: Picture[]): string {
  return candidates.map(({ url, width }) => `${url} ${width}w`).join(', ')
}

/** A variant with the original's proportions, up to rounding to whole pixels, was not cropped. */
function isUncropped(original: Size, { width, height }: Picture): boolean {
  const isWide = original.width >= original.height
  const [long, short] = isWide ? [width, height] : [height, width]
  const [originalLong, originalShort] = isWide
    ? [original.width, original.height]
    : [original.height, original.width]
  return Math.abs(short - Math.max(1, (long / originalLong) * originalShort)) < 1
}
