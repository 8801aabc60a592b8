import { spaceOfCodePoints } from '../rgb-space.ts'
import { type Fold, type Traits, walkAll } from '../segments.ts'
import { readBoxes } from './heif-boxes.ts'
import { primaryProperties } from './heif-properties.ts'

/**
 * Makes code points such that both decoders understand them. If all are unspecified, they become what is meant, sRGB: libheif
 * would ignore the range beside them. A matrix that a decoder does not know becomes that of BT.2020: libheif would refuse the
 * picture, and libavif in WebAssembly return memory that it has not written. Returns other files unchanged.
 */
export function withSpecifiedColors(avif: Uint8Array): Uint8Array {
  const bytes = Buffer.from(avif.buffer, avif.byteOffset, avif.length)
  const changes: [at: number, codes: number[]][] = []
  walkAll(bytes, readBoxes(), [
    ({ type, offset, length, payload }) => {
      if (type !== 'ipco/colr' || payload.toString('latin1', 0, 4) !== 'nclx') return
      const start = offset + length - payload.length
      if (payload.toString('latin1', 4, 9) === '\0\x02\0\x02\0' && payload[9] === UNSPECIFIED)
        changes.push([start + 4, [0, 1, 0, 13]])
      else if (payload.length >= 10 && !hasKnownMatrix(payload.subarray(4)))
        changes.push([start + 8, [0, MATRIX_OF_BT2020]])
    },
  ])
  if (changes.length === 0) return avif
  const changed = Buffer.from(bytes)
  for (const [at, codes] of changes) changed.set(codes, at)
  return changed
}

const MATRIX_OF_BT2020 = 9
/**
 * Those of ITU-T H.273, table 4, that both decoders convert. Not among them: constant luminance (10, 13), YDzDx (11), ICtCp (14),
 * IPT (15), the reversible YCgCo (16, 17).
 */
const KNOWN_MATRICES = [0, 1, 2, 4, 5, 6, 7, 8, MATRIX_OF_BT2020, 12]

/** After primaries and transfer, 2 bytes each. */
const hasKnownMatrix = (nclx: Buffer) => nclx.length < 6 || KNOWN_MATRICES.includes(nclx.readUInt16BE(4))

type ColorTraits = Pick<Traits, 'profile' | 'space' | 'hasUnknownColors' | 'hasGreyOfVideo'>

/** A property of colors. */
interface ColorBox {
  property: number
  kind: string
  content: Buffer
}

/**
 * `colr` has a kind, then an ICC profile (`prof`, or `rICC`, which allows fewer kinds of profiles) or code points (`nclx`). If
 * there are both, the profile counts (ISO/IEC 14496-12, 12.1.5; MIAF, 7.3.6.4). `clli` and `mdcv` have luminances (12.1.6 and
 * 12.1.7). A picture of tiles may leave them to its tiles.
 */
export function declaredColors(): Fold<ColorTraits> {
  const properties = primaryProperties()
  const boxes: ColorBox[] = []
  return {
    visit(segment) {
      properties.visit(segment)
      const { type, payload } = segment
      const property = properties.last()
      if (type === 'ipco/colr')
        boxes.push({ property, kind: payload.toString('latin1', 0, 4), content: payload.subarray(4) })
      if (type === 'ipco/clli' || type === 'ipco/mdcv' || type === 'ipco/av1C')
        boxes.push({ property, kind: type.slice(-4), content: payload })
    },
    result() {
      const numbers = properties.result()
      const own = boxes.filter(({ property }) => numbers.has(property))
      const first = (...kinds: string[]) =>
        [...own, ...boxes].find(({ kind }) => kinds.includes(kind))?.content
      const [nclx, profile] = [first('nclx'), first('prof', 'rICC')]
      const hasGreyOfVideo = isMonochrome(first('av1C')) && nclx !== undefined && !isFullRange(nclx)
      if (profile) return { profile, hasGreyOfVideo }
      if (!nclx) return {}
      const found = fromCodePoints(nclx, peakIn(first('clli'), first('mdcv')))
      return { ...found, ...(!hasKnownMatrix(nclx) && { hasUnknownColors: true }), hasGreyOfVideo }
    },
  }
}

/** `av1C`: after version, profile and level a byte of tier, high bit depth, twelve bits, monochrome, … (AV1-ISOBMFF, 2.3.3). */
const isMonochrome = (av1C: Buffer | undefined) => ((av1C?.[2] ?? 0) & 0x10) !== 0
/** After primaries, transfer and matrix, the highest bit. */
const isFullRange = (nclx: Buffer) => ((nclx[6] ?? 0) & 0x80) !== 0

/** As browsers have it: pictures with the curves of video (BT.709, BT.601, BT.2020) look right with that of sRGB. */
const SHOWN_AS_SRGB = [1, 2, 6, 11, 14, 15]
const UNSPECIFIED = 2

/** Primaries and transfer are 2 bytes each. The decoder applies the rest, the matrix and the range. */
function fromCodePoints(nclx: Buffer, peakNits: number | undefined) {
  if (nclx.length < 4) return {}
  const [primaries, transfer] = [nclx.readUInt16BE(0), nclx.readUInt16BE(2)]
  const space = spaceOfCodePoints(
    primaries === UNSPECIFIED ? 1 : primaries,
    SHOWN_AS_SRGB.includes(transfer) ? 13 : transfer,
    peakNits,
  )
  return space ? { space } : { hasUnknownColors: true }
}

/**
 * `clli` has the largest luminance and that of the brightest frame, 2 bytes each; `mdcv` primaries and white (16 bytes), then
 * the largest luminance of the screen on which the picture was made, times 10,000.
 */
function peakIn(clli: Buffer | undefined, mdcv: Buffer | undefined): number | undefined {
  const content = clli && clli.length >= 4 ? clli.readUInt16BE(0) : 0
  if (content > 0) return content
  const screen = mdcv && mdcv.length >= 24 ? mdcv.readUInt32BE(16) / 10_000 : 0
  return screen > 0 ? screen : undefined
}
