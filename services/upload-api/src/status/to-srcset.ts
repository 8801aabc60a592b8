interface Picture {
  url: string
  contentType: string
  width: number
  height: number
  bytes: number
}

/**
 * For an `<img>`, which shows the same picture whatever the width it takes: variants that were cropped stay out, and
 * AVIF does too, as an `<img>` cannot say of which type each is and not every browser reads it. Of the same width the
 * smallest file is enough. Undefined where nothing is left.
 */
export function toSrcset(
  variants: Picture[],
  original: { width: number; height: number },
): string | undefined {
  const byWidth = new Map<number, Picture>()
  for (const variant of variants) {
    if (variant.contentType === 'image/avif' || !showsAllOf(original, variant)) continue
    const rival = byWidth.get(variant.width)
    if (!rival || variant.bytes <= rival.bytes) byWidth.set(variant.width, variant)
  }
  const ascending = [...byWidth.values()].sort((a, b) => a.width - b.width)
  return ascending.map(({ url, width }) => `${url} ${width}w`).join(', ') || undefined
}

/** A variant with the original's proportions, but for the rounding to whole pixels, has lost nothing to a crop. */
function showsAllOf(original: { width: number; height: number }, { width, height }: Picture): boolean {
  const isWide = original.width >= original.height
  const [long, short] = isWide ? [width, height] : [height, width]
  const [originalLong, originalShort] = isWide
    ? [original.width, original.height]
    : [original.height, original.width]
  return Math.abs(short - Math.max(1, (long / originalLong) * originalShort)) < 1
}
