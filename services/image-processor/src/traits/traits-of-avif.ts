import type { Traits } from './traits.ts'

/** The boxes at the top level; anything else behind the image data is not the image's. */
const BOXES = ['ftyp', 'meta', 'moov', 'mdat', 'moof', 'mfra', 'free', 'skip', 'uuid', 'sidx', 'styp', 'wide']

/**
 * AVIF and HEIC (ISO/IEC 14496-12, section 4.2): boxes of `size type …`; size 0 reaches to the end, 1 is 64 bits. `ftyp` lists
 * brands: `avis` is an animation, `tmap` says that there is a gain map.
 */
export function traitsOfAvif(avif: Buffer): Traits {
  const brands = avif.toString('latin1', 8, Math.min(avif.readUInt32BE(0), 256))
  const profile = readProfile(avif)
  return {
    end: endOfBoxes(avif),
    isAnimated: brands.includes('avis'),
    hasGainMap: brands.includes('tmap'),
    ...(profile && { profile }),
  }
}

function endOfBoxes(avif: Buffer): number {
  let at = 0
  while (at + 8 <= avif.length && BOXES.includes(avif.toString('latin1', at + 4, at + 8))) {
    const size = avif.readUInt32BE(at)
    if (size === 0) return avif.length
    at += size === 1 && at + 16 <= avif.length ? Number(avif.readBigUInt64BE(at + 8)) : Math.max(8, size)
  }
  return Math.min(at, avif.length)
}

/** The `colr` box of type `prof`, wherever it lies: `size colr prof profile`. */
function readProfile(avif: Buffer): Buffer | undefined {
  const at = avif.indexOf('colrprof', 0, 'latin1')
  return at < 4 ? undefined : avif.subarray(at + 8, at - 4 + avif.readUInt32BE(at - 4))
}
