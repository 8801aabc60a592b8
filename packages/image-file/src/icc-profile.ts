import { type Chromaticity, gamma, type RgbSpace, SRGB, spansColors } from './rgb-space.ts'

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

/**
 * Whether colors can be converted from a profile: its header, all tags inside its length, and those that its color model needs
 * (ICC.1:2022, 7.2, 7.3 and 8). There may be bytes after its end.
 */
export function isSoundProfile(profile: Buffer): boolean {
  if (profile.length < 132 || profile.toString('latin1', 36, 40) !== 'acsp') return false
  const [kind, model, connection] = [12, 16, 20].map((at) => profile.toString('latin1', at, at + 4))
  if (NO_COLORS_OF_DEVICES.has(kind) || !['XYZ ', 'Lab '].includes(connection ?? '')) return false
  const length = profile.readUInt32BE(0)
  return length <= profile.length && hasSoundTags(profile.subarray(0, length), model)
}

/** Device links, abstract profiles and named colors. */
const NO_COLORS_OF_DEVICES = new Set<string | undefined>(['link', 'abst', 'nmcl'])

function hasSoundTags(profile: Buffer, model = ''): boolean {
  const count = profile.length < 132 ? 0 : profile.readUInt32BE(128)
  if (count > MAX_TAGS || 132 + count * 12 > profile.length) return false
  for (let at = 132; at < 132 + count * 12; at += 12)
    if (profile.readUInt32BE(at + 4) + profile.readUInt32BE(at + 8) > profile.length) return false
  const tags = readTags(profile)
  if ([...tags.keys()].some((name) => /^[AD]2B[0-3]$/.test(name))) return true
  const areCurves = (...names: string[]) =>
    names.every((name) => ['curv', 'para'].includes(typeIn(tags, name)))
  const areColors = (...names: string[]) => names.every((name) => XYZ_TYPES.includes(typeIn(tags, name)))
  if (model === 'GRAY') return areCurves('kTRC')
  return model === 'RGB ' && areCurves('rTRC', 'gTRC', 'bTRC') && areColors('rXYZ', 'gXYZ', 'bXYZ')
}

/** The second is in profiles of Corbis, and color management takes it. */
const XYZ_TYPES = ['XYZ ', '\x17\xa5\x05\xb8']

const typeIn = (tags: Tags, name: string) => tags.get(name)?.toString('latin1', 0, 4) ?? ''

/**
 * The color space of a profile with a matrix and one curve, or of a grey one; undefined for others: tables, CMYK, curves that
 * differ.
 */
export function spaceOfProfile(profile: Buffer): RgbSpace | undefined {
  if (isSrgbProfile(profile)) return SRGB
  try {
    if (profile.toString('latin1', 36, 40) !== 'acsp') return undefined
    const tags = readTags(profile)
    const model = profile.toString('latin1', 16, 20)
    if (model === 'GRAY' && tags.has('kTRC')) return { ...SRGB, curve: readCurve(tags.get('kTRC')) }
    const [curve, ...others] = ['rTRC', 'gTRC', 'bTRC'].map((name) => tags.get(name))
    if (model !== 'RGB ' || tags.has('A2B0') || !curve) return undefined
    if (others.some((other) => !other?.equals(curve))) return undefined
    const space = { ...primariesIn(tags), curve: readCurve(curve) }
    return spansColors(space) ? space : undefined
  } catch {
    return undefined
  }
}

/** The primaries' X, Y and Z; their sum is white. */
function primariesIn(tags: Tags): Pick<RgbSpace, 'primaries' | 'white'> {
  const xyz = (name: string): Xyz => [
    s15Fixed16(tags.get(name), 8),
    s15Fixed16(tags.get(name), 12),
    s15Fixed16(tags.get(name), 16),
  ]
  const [red, green, blue] = [xyz('rXYZ'), xyz('gXYZ'), xyz('bXYZ')]
  const white = red.map((value, i) => value + (green[i] ?? 0) + (blue[i] ?? 0)) as unknown as Xyz
  return { primaries: [xyOf(red), xyOf(green), xyOf(blue)], white: xyOf(white) }
}

type Xyz = readonly [number, number, number]

function xyOf([x, y, z]: Xyz): Chromaticity {
  return [x / (x + y + z), y / (x + y + z)]
}

type Tags = Map<string, Buffer>

const MAX_TAGS = 100

function readTags(profile: Buffer): Tags {
  const tags: Tags = new Map()
  const count = Math.min(profile.readUInt32BE(128), MAX_TAGS)
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

/** A gamma of 2.2, the most similar curve in use, differs by 0.004 at half of the signal. */
function hasSrgbCurve(tag: Buffer | undefined): boolean {
  const curve = readCurve(tag)
  return [0.1, 0.25, 0.5, 0.75, 0.9].every((signal) => near(curve(signal), SRGB.curve(signal), 0.002))
}

type Curve = RgbSpace['curve']

/** `curv`: 4 bytes reserved, a count, then uint16 samples. `para`: a function's number, then its parameters. */
function readCurve(tag: Buffer | undefined): Curve {
  const kind = tag?.toString('latin1', 0, 4)
  if (tag && kind === 'curv') return sampledCurve(tag, tag.readUInt32BE(8))
  if (tag && kind === 'para') return parametricCurve(tag, tag.readUInt16BE(8))
  throw new Error('no curve')
}

/** No samples are a line; one is a gamma times 256. */
function sampledCurve(tag: Buffer, count: number): Curve {
  if (count < 2) return gamma(count === 0 ? 1 : tag.readUInt16BE(12) / 256)
  const sample = (i: number) => tag.readUInt16BE(12 + 2 * Math.min(i, count - 1)) / 65535
  return (signal) => {
    const at = signal * (count - 1)
    const below = Math.floor(at)
    return sample(below) + (at - below) * (sample(below + 1) - sample(below))
  }
}

/** How many parameters the functions 0 to 4 have (ICC.1:2022, table 68). */
const PARAMETERS = [1, 3, 4, 5, 7]

/** `(a x + b) ** g + e` from `d` on, `c x + f` below it; in functions 1 and 2, `c` is what the curve adds. */
function parametricCurve(tag: Buffer, kind: number): Curve {
  const count = PARAMETERS[kind]
  if (count === undefined) throw new Error(`no function ${kind}`)
  const [g = 1, a = 1, b = 0, c = 0, d = -b / a, e = 0, f = 0] = Array.from({ length: count }, (_, i) =>
    s15Fixed16(tag, 12 + 4 * i),
  )
  if (kind === 0) return gamma(g)
  const power = (signal: number) => Math.max(0, a * signal + b) ** g
  if (kind < 3) return (signal) => (signal >= -b / a ? power(signal) : 0) + c
  return (signal) => (signal >= d ? power(signal) + e : c * signal + f)
}

function s15Fixed16(tag: Buffer | undefined, at: number): number {
  return tag ? tag.readInt32BE(at) / 65536 : Number.NaN
}

function near(value: number, expected: number, tolerance: number): boolean {
  return Math.abs(value - expected) <= tolerance
}
