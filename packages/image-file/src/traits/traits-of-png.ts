import { inflateSync } from 'node:zlib'
import type { Traits } from './traits.ts'

const MAX_PROFILE_BYTES = 4 * 1024 * 1024

/** PNG (W3C PNG, section 5.3): chunks of `length type data crc`, the last one IEND. */
export function traitsOfPng(png: Buffer): Traits {
  const traits: Traits = { end: png.length }
  for (let at = 8; at + 12 <= png.length; at += 12 + png.readUInt32BE(at)) {
    const data = png.subarray(at + 8, at + 8 + png.readUInt32BE(at))
    switch (png.toString('latin1', at + 4, at + 8)) {
      case 'acTL':
        traits.isAnimated = true
        break
      case 'eXIf':
        traits.exif = data
        break
      case 'iCCP':
        traits.profile = inflateProfile(data)
        break
      case 'IEND':
        traits.end = at + 12
        return traits
    }
  }
  return traits
}

/** A name, a zero, the compression method (always zero), then zlib data. What cannot be inflated is an empty profile. */
function inflateProfile(data: Buffer): Buffer {
  try {
    return inflateSync(data.subarray(data.indexOf(0) + 2), { maxOutputLength: MAX_PROFILE_BYTES })
  } catch {
    return Buffer.alloc(0)
  }
}
