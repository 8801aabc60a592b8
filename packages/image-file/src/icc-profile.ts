/**
 * Whether an ICC profile (ICC.1:2022) describes sRGB, so the pixels need no conversion. It compares the primaries and the
 * tone curve, not the name.
 *
 * Header of 128 bytes, a tag count, then the tag table: signature, offset, length, 4 bytes each.
 */
export function isSrgbProfile(profile: Buffer): boolean {
  try {
    const tags = readTags(profile)
    return !tags.has('A2B0') && hasSrgbPrimaries(tags) && hasSrgbCurve(tags.get('rTRC'))
  } catch {
    return false // truncated, or not a profile: color management decides
  }
}

type Tags = Map<string, Buffer>

function readTags(profile: Buffer): Tags {
  const tags: Tags = new Map()
  const count = Math.min(profile.readUInt32BE(128), 100)
  for (let at = 132; at < 132 + count * 12; at += 12) {
    const offset = profile.readUInt32BE(at + 4)
    const length = profile.readUInt32BE(at + 8)
    tags.set(profile.toString('latin1', at, at + 4), profile.subarray(offset, offset + length))
  }
  return tags
}

/** sRGB's primaries adapted to D50, as X, Y, Z (IEC 61966-2-1). */
const PRIMARIES = {
  rXYZ: [0.4361, 0.2225, 0.0139],
  gXYZ: [0.3851, 0.7169, 0.0971],
  bXYZ: [0.1431, 0.0606, 0.7141],
}

/** `XYZ `, 4 bytes reserved, then three s15Fixed16 numbers. */
function hasSrgbPrimaries(tags: Tags): boolean {
  return Object.entries(PRIMARIES).every(([signature, expected]) =>
    expected.every((value, i) => near(s15Fixed16(tags.get(signature), 8 + 4 * i), value, 0.002)),
  )
}

type Curve = (signal: number) => number

const SRGB_CURVE: Curve = (signal) => (signal <= 0.04045 ? signal / 12.92 : ((signal + 0.055) / 1.055) ** 2.4)

/** A gamma of 2.2, the most similar curve in use, differs by 0.004 at half of the signal. */
function hasSrgbCurve(tag: Buffer | undefined): boolean {
  const curve = readCurve(tag)
  return [0.1, 0.25, 0.5, 0.75, 0.9].every((signal) => near(curve(signal), SRGB_CURVE(signal), 0.002))
}

/** `curv`: 4 bytes reserved, a count, then uint16 samples. `para`: a function's number, then its parameters. */
function readCurve(tag: Buffer | undefined): Curve {
  if (tag?.toString('latin1', 0, 4) === 'curv') return sampledCurve(tag, tag.readUInt32BE(8))
  if (tag?.toString('latin1', 0, 4) === 'para' && tag.readUInt16BE(8) === 3) {
    const [g = 0, a = 0, b = 0, c = 0, d = 0] = [12, 16, 20, 24, 28].map((at) => s15Fixed16(tag, at))
    return (signal) => (signal >= d ? (a * signal + b) ** g : c * signal)
  }
  throw new Error('a kind of curve that sRGB profiles do not use')
}

function sampledCurve(tag: Buffer, count: number): Curve {
  const sample = (i: number) => tag.readUInt16BE(12 + 2 * Math.min(i, count - 1)) / 65535
  return (signal) => {
    const at = signal * (count - 1)
    const below = Math.floor(at)
    return sample(below) + (at - below) * (sample(below + 1) - sample(below))
  }
}

function s15Fixed16(tag: Buffer | undefined, at: number): number {
  return tag ? tag.readInt32BE(at) / 65536 : Number.NaN
}

function near(value: number, expected: number, tolerance: number): boolean {
  return Math.abs(value - expected) <= tolerance
}
