import { deflateSync } from 'node:zlib'
import { pngChunk } from '@darkroom/image-file'
import type { Sharp } from 'sharp'
import sharp from 'sharp'

type Vector = readonly [number, number, number]
type Matrix = readonly [Vector, Vector, Vector]

/** A color space: the XYZ of its primaries under D50, one per column, and its tone curve. */
interface ColorSpace {
  toXyz: Matrix
  /** From a signal of 0 to 1 to light of 0 to 1. */
  curve: (signal: number) => number
  inverse: (light: number) => number
}

const srgbCurve = {
  curve: (signal: number) => (signal <= 0.04045 ? signal / 12.92 : ((signal + 0.055) / 1.055) ** 2.4),
  inverse: (light: number) => (light <= 0.0031308 ? light * 12.92 : 1.055 * light ** (1 / 2.4) - 0.055),
}
const gamma = (exponent: number) => ({
  curve: (signal: number) => signal ** exponent,
  inverse: (light: number) => light ** (1 / exponent),
})

/** Adapted to D50 with Bradford, as in profiles (brucelindbloom.com, RGB working space information). */
export const COLOR_SPACES: Record<'sRGB' | 'Display P3' | 'Adobe RGB' | 'ProPhoto RGB', ColorSpace> = {
  sRGB: {
    toXyz: [
      [0.4360747, 0.3850649, 0.1430804],
      [0.2225045, 0.7168786, 0.0606169],
      [0.0139322, 0.0971045, 0.7141733],
    ],
    ...srgbCurve,
  },
  'Display P3': {
    toXyz: [
      [0.5151187, 0.2919778, 0.1571035],
      [0.2411892, 0.6922441, 0.0665668],
      [-0.0010505, 0.0418791, 0.7840713],
    ],
    ...srgbCurve,
  },
  'Adobe RGB': {
    toXyz: [
      [0.6097559, 0.2052401, 0.149224],
      [0.3111242, 0.625656, 0.0632197],
      [0.0194811, 0.0608902, 0.7448387],
    ],
    ...gamma(563 / 256),
  },
  'ProPhoto RGB': {
    toXyz: [
      [0.7976749, 0.1351917, 0.0313534],
      [0.2880402, 0.7118741, 0.0000857],
      [0, 0, 0.82521],
    ],
    ...gamma(1.8),
  },
}

/** Converts an sRGB color (0 to 255) to `space` (0 to 1). */
function colorIn({ toXyz, inverse }: ColorSpace, srgb: readonly number[]): number[] {
  const { toXyz: srgbToXyz, curve } = COLOR_SPACES.sRGB
  const light = srgb.map((value) => curve(value / 255)) as unknown as Vector
  const inSpace = multiply(inverted(toXyz), multiply(srgbToXyz, light))
  return inSpace.map((value) => inverse(Math.min(1, Math.max(0, value))))
}

/** Converts an sRGB picture to a 16-bit PNG in `space`, with its profile. */
export async function pngIn(space: ColorSpace, picture: Sharp): Promise<Buffer> {
  const png = await (await redrawn(space, picture)).png().toBuffer()
  const profile = Buffer.concat([Buffer.from('ICC\0\0', 'latin1'), deflateSync(profileOf(space))])
  return Buffer.concat([png.subarray(0, 33), pngChunk('iCCP', profile), png.subarray(33)])
}

/** Converts an sRGB picture to an 8-bit JPEG in `space`, with its profile. */
export async function jpegIn(space: ColorSpace, picture: Sharp): Promise<Buffer> {
  const jpeg = await (await redrawn(space, picture)).toColorspace('srgb').jpeg({ quality: 98 }).toBuffer()
  const payload = Buffer.concat([Buffer.from('ICC_PROFILE\0\x01\x01', 'latin1'), profileOf(space)])
  const head = Buffer.from([0xff, 0xe2, 0, 0])
  head.writeUInt16BE(payload.length + 2, 2)
  return Buffer.concat([jpeg.subarray(0, 2), head, payload, jpeg.subarray(2)])
}

async function redrawn(space: ColorSpace, picture: Sharp): Promise<Sharp> {
  const { data, info } = await picture.raw().toBuffer({ resolveWithObject: true })
  const known = new Map<number, number[]>()
  const pixels = new Uint16Array(info.width * info.height * 3)
  for (let at = 0; at < pixels.length; at += 3) {
    const key = data.readUIntBE(at, 3)
    const color = known.get(key) ?? colorIn(space, [...data.subarray(at, at + 3)])
    known.set(key, color)
    for (let c = 0; c < 3; c++) pixels[at + c] = Math.round((color[c] ?? 0) * 65535)
  }
  return sharp(pixels, { raw: { width: info.width, height: info.height, channels: 3 } }).toColorspace('rgb16')
}

/** A display profile of version 2 with a matrix and curves of 1024 samples (ICC.1:2001, section 6). */
export function profileOf({ toXyz, curve }: ColorSpace): Buffer {
  const column = (i: number) => xyz([toXyz[0][i] ?? 0, toXyz[1][i] ?? 0, toXyz[2][i] ?? 0])
  const samples = Buffer.alloc(12 + 1024 * 2)
  samples.write('curv', 'latin1')
  samples.writeUInt32BE(1024, 8)
  for (let i = 0; i < 1024; i++) samples.writeUInt16BE(Math.round(65535 * curve(i / 1023)), 12 + 2 * i)
  const description = Buffer.alloc(104)
  description.write('desc', 'latin1')
  description.writeUInt32BE(5, 8)
  description.write('Test\0', 12, 'latin1')
  return assemble({
    desc: description,
    cprt: Buffer.from('text\0\0\0\0CC0\0', 'latin1'),
    wtpt: xyz(D50),
    rXYZ: column(0),
    gXYZ: column(1),
    bXYZ: column(2),
    rTRC: samples,
    gTRC: samples,
    bTRC: samples,
  })
}

const D50: Vector = [0.9642, 1, 0.8249]

function xyz(values: Vector): Buffer {
  const tag = Buffer.alloc(20)
  tag.write('XYZ ', 'latin1')
  values.forEach((value, i) => {
    tag.writeInt32BE(Math.round(value * 65536), 8 + 4 * i)
  })
  return tag
}

function assemble(tags: Record<string, Buffer>): Buffer {
  const names = Object.keys(tags)
  const table = Buffer.alloc(4 + 12 * names.length)
  table.writeUInt32BE(names.length)
  let offset = 128 + table.length
  const bodies = Object.entries(tags).map(([name, tag], i) => {
    table.write(name, 4 + 12 * i, 'latin1')
    table.writeUInt32BE(offset, 8 + 12 * i)
    table.writeUInt32BE(tag.length, 12 + 12 * i)
    const body = Buffer.concat([tag, Buffer.alloc(-tag.length & 3)])
    offset += body.length
    return body
  })
  const header = Buffer.alloc(128)
  header.writeUInt32BE(offset)
  header.writeUInt32BE(0x02400000, 8)
  header.write('mntrRGB XYZ ', 12, 'latin1')
  header.write('acsp', 36, 'latin1')
  xyz(D50).copy(header, 68, 8)
  return Buffer.concat([header, table, ...bodies])
}

function multiply(matrix: Matrix, vector: Vector): Vector {
  return matrix.map(
    (row) => row[0] * vector[0] + row[1] * vector[1] + row[2] * vector[2],
  ) as unknown as Vector
}

function inverted([[a, b, c], [d, e, f], [g, h, i]]: Matrix): Matrix {
  const determinant = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
  return [
    [(e * i - f * h) / determinant, (c * h - b * i) / determinant, (b * f - c * e) / determinant],
    [(f * g - d * i) / determinant, (a * i - c * g) / determinant, (c * d - a * f) / determinant],
    [(d * h - e * g) / determinant, (b * g - a * h) / determinant, (a * e - b * d) / determinant],
  ]
}
