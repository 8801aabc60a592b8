interface Picture {
  url: string
  contentType: string
  width: number
  height: number
  bytes: number
}

/**
 * The `srcset` of an `<img>`, whose candidates must show the same picture at different widths. It has no cropped variants,
 * and no AVIF: a `srcset` cannot name types, and not every browser supports AVIF. For each width it has the smallest file.
 * Undefined if no variant qualifies.
 */
export function toSrcset(
  variants: Picture[],
  original: { width: number; height: number },
): string | undefined {
  const byWidth = new Map<number, Picture>()
  for (const variant of variants) {
    if (variant.contentType === 'image/avif' || !isUncropped(original, variant)) continue
    const other = byWidth.get(variant.width)
    if (!other || variant.bytes <= other.bytes) byWidth.set(variant.width, variant)
  }
  const ascending = [...byWidth.values()].sort((a, b) => a.width - b.width)
  return ascending.map(({ url, width }) => `${url} ${width}w`).join(', ') || undefined
}

/** A variant with the original's proportions, up to rounding to whole pixels, was not cropped. */
function isUncropped(original: { width: number; height: number }, { width, height }: Picture): boolean {
  const isWide = original.width >= original.height
  const [long, short] = isWide ? [width, height] : [height, width]
  const [originalLong, originalShort] = isWide
    ? [original.width, original.height]
    : [original.height, original.width]
  return Math.abs(short - Math.max(1, (long / originalLong) * originalShort)) < 1
}
