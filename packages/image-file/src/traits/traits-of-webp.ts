import type { Traits } from './traits.ts'

const ANIMATION_FLAG = 0x02
const EXIF = 'Exif\0\0'

/** WebP (RFC 9649): `RIFF length WEBP`, then chunks of `name length payload`, padded to even. */
export function traitsOfWebp(webp: Buffer): Traits {
  const end = Math.min(webp.length, webp.readUInt32LE(4) + 8)
  const traits: Traits = { end }
  for (let at = 12; at + 8 <= end; ) {
    const length = webp.readUInt32LE(at + 4)
    const payload = webp.subarray(at + 8, Math.min(end, at + 8 + length))
    const name = webp.toString('latin1', at, at + 4)
    if (name === 'VP8X') traits.isAnimated = ((payload[0] ?? 0) & ANIMATION_FLAG) !== 0
    if (name === 'ICCP') traits.profile = payload
    if (name === 'EXIF') traits.exif = withoutPrefix(payload)
    at += 8 + length + (length % 2)
  }
  return traits
}

/** Some writers put the name that JPEG has in front of it. */
function withoutPrefix(exif: Buffer): Buffer {
  return exif.toString('latin1', 0, EXIF.length) === EXIF ? exif.subarray(EXIF.length) : exif
}
