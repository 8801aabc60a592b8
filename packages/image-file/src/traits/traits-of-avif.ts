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
    hasOtherColours: !profile && hasOtherCodePoints(avif),
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

/** Of ITU-T H.273, tables 2 and 3: BT.709, unspecified and both BT.601; PQ and HLG, which HDR is written in. */
const USUAL_PRIMARIES = [1, 2, 5, 6]
const HDR_TRANSFERS = [16, 18]

/** The `colr` box of type `nclx` (ISO/IEC 14496-12, 12.1.5): `colr nclx primaries transfer …`, 16 bits each. */
function hasOtherCodePoints(avif: Buffer): boolean {
  const at = avif.indexOf('colrnclx', 0, 'latin1')
  if (at < 0 || at + 12 > avif.length) return false
  const [primaries, transfer] = [avif.readUInt16BE(at + 8), avif.readUInt16BE(at + 10)]
  return !USUAL_PRIMARIES.includes(primaries) || HDR_TRANSFERS.includes(transfer)
}

/**
 * The `colr` box of type `prof` or `rICC`, which allows fewer kinds of profiles, wherever it lies: `size colr prof
 * profile` (ISO/IEC 14496-12, 12.1.5).
 */
function readProfile(avif: Buffer): Buffer | undefined {
  const places = ['colrprof', 'colrrICC'].map((box) => avif.indexOf(box, 0, 'latin1'))
  const at = places.find((place) => place >= 4)
  return at === undefined ? undefined : avif.subarray(at + 8, at - 4 + avif.readUInt32BE(at - 4))
}
