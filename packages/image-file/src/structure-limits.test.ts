import { deflateSync } from 'node:zlib'
import { ProblemError } from '@darkroom/core'
import { gridHeif } from '@darkroom/testing/grid-heif'
import { describe, expect, test } from '@jest/globals'
import sharp from 'sharp'
import { readTraits } from './formats.ts'
import { inspectImage, inspectStream } from './inspect-image.ts'
import { pngChunk, stillPng } from './readers/png.ts'
import { firstWebpFrame } from './readers/webp.ts'
import { SAMPLES, type UsualType, VARIANTS } from './testing/sample-images.ts'

/** Also as a stream in small chunks, which has the same verdict. */
async function verdictOn(bytes: Uint8Array): Promise<string> {
  const verdict = await verdictOf(() => inspectImage(bytes))
  expect(await verdictOf(() => inspectStream(inChunks(bytes)))).toBe(verdict)
  return verdict
}

async function verdictOf(inspect: () => Promise<unknown>): Promise<string> {
  try {
    await inspect()
    return 'accepted'
  } catch (error) {
    if (error instanceof ProblemError) return error.message
    throw error
  }
}

async function* inChunks(bytes: Uint8Array) {
  for (let at = 0; at < bytes.length; at += 16_384) yield bytes.subarray(at, at + 16_384)
}

const picture = () => sharp({ create: { width: 24, height: 16, channels: 3, background: '#c84' } })
const variant = (name: string) => VARIANTS.find(([what]) => what === name)?.[2] ?? Buffer.alloc(0)

describe('the memory that a decoder needs', () => {
  /** Changes the size in the frame header. */
  function claiming(jpeg: Buffer, marker: number, width: number, height: number): Buffer {
    const copy = Buffer.from(jpeg)
    const at = jpeg.indexOf(Buffer.from([0xff, marker]))
    copy.writeUInt16BE(height, at + 5)
    copy.writeUInt16BE(width, at + 7)
    return copy
  }

  test('includes all samples of a progressive JPEG, but not of a baseline one', async () => {
    const whole = await picture().jpeg({ progressive: true, chromaSubsampling: '4:4:4' }).toBuffer()
    const halved = await picture().jpeg({ progressive: true, chromaSubsampling: '4:2:0' }).toBuffer()
    const baseline = await picture().jpeg({ chromaSubsampling: '4:4:4' }).toBuffer()
    expect(await verdictOn(claiming(whole, 0xc2, 10_000, 8000))).toBe(
      'image-too-large: Decoding this JPEG takes about 480 MB of memory; the limit is 400 MB. Save it as a baseline (not progressive) JPEG, or resize it.',
    )
    expect(await verdictOn(claiming(whole, 0xc2, 10_000, 6000))).toBe('accepted')
    expect(await verdictOn(claiming(halved, 0xc2, 10_000, 10_000))).toBe('accepted')
    expect(await verdictOn(claiming(baseline, 0xc0, 10_000, 10_000))).toBe('accepted')
  })

  test('includes all pixels of an interlaced PNG, but not of another one', async () => {
    const deep = () => picture().ensureAlpha(0.5).toColorspace('rgb16')
    expect(await verdictOn(enlarged(await deep().png({ progressive: true }).toBuffer()))).toMatch(
      /^image-too-large: .* about 520 MB of memory; .* Save it without interlacing, or resize it\.$/,
    )
    expect(await verdictOn(enlarged(await deep().png().toBuffer()))).toBe('accepted')
    expect(await verdictOn(enlarged(variant('an interlaced PNG')))).toBe('accepted')
  })

  const enlarged = (png: Buffer) => {
    const copy = Buffer.from(png)
    copy.writeUInt32BE(10_000, 16)
    copy.writeUInt32BE(5000, 20)
    return copy
  }

  const EIGHT_BITS = 0
  const TEN_BITS = 0x40
  const HALVED_COLORS = 0x0c
  /** `av1C`: version, profile and level, then bits for the depth and the colors. */
  const avifWith = async (bits: number, width: number, height: number) => {
    const avif = await picture().avif({ effort: 0 }).toBuffer()
    avif[avif.indexOf('av1C') + 6] = bits
    const at = avif.indexOf('ispe')
    avif.writeUInt32BE(width, at + 8)
    avif.writeUInt32BE(height, at + 12)
    return avif
  }

  test.each([
    [EIGHT_BITS | HALVED_COLORS, [5712, 4284], [6000, 4400]],
    [EIGHT_BITS, [5000, 4400], [5712, 4284]],
    [TEN_BITS | HALVED_COLORS, [5000, 4200], [5000, 4400]],
    [TEN_BITS, [5000, 3000], [5000, 4000]],
  ] as const)(
    'is counted for an AVIF by its depth and colors: %i',
    async (bits, [width, height], [tooWide, tooHigh]) => {
      expect(await verdictOn(await avifWith(bits, width, height))).toBe('accepted')
      expect(await verdictOn(await avifWith(bits, tooWide, tooHigh))).toMatch(
        /^image-too-large: .* MB of memory; .* Save it with 8 bits per channel, or resize it\.$/,
      )
    },
  )

  test.each([
    [EIGHT_BITS | HALVED_COLORS, 6120, 6144],
    [TEN_BITS | HALVED_COLORS, 4400, 4800],
    [EIGHT_BITS, 4600, 5000],
    [TEN_BITS, 2300, 2600],
  ])('of an AVIF in tiles is less than half of that: %i', async (bits, height, tooHigh) => {
    const tile = await avifWith(bits, 512, 512)
    const tiled = (rows: number) =>
      gridHeif(tile, { columns: 16, rows: Math.ceil(rows / 512), width: 8160, height: rows })
    expect(await verdictOn(tiled(height))).toBe('accepted')
    expect(await verdictOn(tiled(tooHigh))).toMatch(/^image-too-large/)
  })

  test('counts the tiles that are decoded at the same time', async () => {
    const tile = await avifWith(EIGHT_BITS | HALVED_COLORS, 4080, 3060)
    expect(await verdictOn(gridHeif(tile, { columns: 2, rows: 2 }))).toMatch(
      /^image-too-large: .* MB of memory/,
    )
  })
})

test('an animation of more than a thousand frames is refused', async () => {
  const gif = variant('an animated GIF')
  const frame = gif.subarray(gif.lastIndexOf(Buffer.from([0x21, 0xf9])), gif.length - 1)
  const longer = (frames: number) =>
    Buffer.concat([gif.subarray(0, -1), ...Array<Buffer>(frames - 3).fill(frame), Buffer.from(';')])
  expect(await verdictOn(longer(1000))).toBe('accepted')
  expect(await verdictOn(longer(1001))).toBe(
    'too-many-frames: The animation has 1001 frames; the limit is 1000. Send a shorter animation, or its first frame.',
  )
})

describe('four megabytes of one segment are checked in less than two seconds', () => {
  const withRepeated = (type: UsualType, end: number, piece: Buffer) =>
    Buffer.concat([
      SAMPLES[type].subarray(0, end),
      Buffer.alloc(4e6 - (4e6 % piece.length), piece),
      SAMPLES[type].subarray(end),
    ])
  const chunk = (type: string, data = Buffer.alloc(0)) => {
    const length = Buffer.alloc(4)
    length.writeUInt32BE(data.length)
    return Buffer.concat([length, Buffer.from(type), data, Buffer.alloc(4)])
  }
  const bomb = chunk('zTXt', Buffer.concat([Buffer.from('a\0\0'), deflateSync(Buffer.alloc(8e6))]))
  const riff = Buffer.from('XXXX\0\0\0\0')
  const sized = (webp: Buffer) => {
    webp.writeUInt32LE(webp.length - 8, 4)
    return webp
  }

  test.each<[string, Buffer, RegExp]>([
    [
      'JPEG scans',
      withRepeated('image/jpeg', SAMPLES['image/jpeg'].length - 2, Buffer.from([0xff, 0xda, 0, 2])),
      /has \d{6,} scans/,
    ],
    ['JPEG fill bytes', withRepeated('image/jpeg', 2, Buffer.from([0xff])), /has 4 MB between its segments/],
    ['PNG frames', withRepeated('image/png', 33, chunk('fcTL')), /^too-many-frames: .* at least 199999 /],
    ['PNG chunks', withRepeated('image/png', 33, chunk('teSt')), /The PNG has more than 200000 parts/],
    [
      'PNG texts',
      withRepeated('image/png', 33, chunk('tEXt')),
      /chunks of texts and color profiles; the limit is 1000/,
    ],
    [
      'damaged PNG profiles',
      withRepeated('image/png', 33, chunk('iCCP', Buffer.from('a\0\0b'))),
      /chunks of/,
    ],
    [
      'PNG texts of 8 MB each, compressed',
      withRepeated('image/png', 33, bomb),
      /of more than 8 MB when decompressed/,
    ],
    [
      'GIF extensions',
      withRepeated('image/gif', SAMPLES['image/gif'].length - 1, Buffer.from([0x21, 0xfe, 0])),
      /The GIF has more than 200000 parts/,
    ],
    [
      'WebP chunks',
      sized(withRepeated('image/webp', SAMPLES['image/webp'].length, riff)),
      /The WebP has more than 200000 parts/,
    ],
    ['AVIF sizes', withRepeated('image/avif', 60, Buffer.from('ispe')), /./],
  ])('%s', async (_, bytes, text) => {
    const start = process.cpuUsage()
    expect(await verdictOn(bytes)).toMatch(text)
    const { user, system } = process.cpuUsage(start)
    expect((user + system) / 1000).toBeLessThan(2000)
  })
})

test('a stream of too many parts is not read to its end', async () => {
  const comment = Buffer.from([0xff, 0xfe, 0, 2])
  const jpeg = SAMPLES['image/jpeg']
  const file = Buffer.concat([jpeg.subarray(0, 2), Buffer.alloc(8e6, comment), jpeg.subarray(2)])
  let sent = 0
  async function* chunks() {
    for (; sent < file.length; sent += 65_536) yield file.subarray(sent, sent + 65_536)
  }
  await expect(inspectStream(chunks())).rejects.toThrow(/The JPEG has more than 200000 parts/)
  expect(sent).toBeLessThan(1e6)
})

test('a file of many parts, fill bytes or restarts is accepted up to the limit', async () => {
  const jpeg = SAMPLES['image/jpeg']
  const end = jpeg.length - 2
  const repeated = (at: number, piece: number[], times: number) =>
    Buffer.concat([
      jpeg.subarray(0, at),
      Buffer.alloc(times * piece.length, Buffer.from(piece)),
      jpeg.subarray(at),
    ])
  expect(await verdictOn(repeated(2, [0xff, 0xfe, 0, 2], 199_000))).toBe('accepted')
  expect(await verdictOn(repeated(2, [0xff], 1e6))).toBe('accepted')
  expect(await verdictOn(repeated(end, [0xff, 0xd0], 3.9e6))).toBe('accepted')
  expect(await verdictOn(repeated(end, [0xff, 0xd0], 4.1e6))).toMatch(/more than 4000000 markers/)
})

test('a color profile in a PNG that is accepted is also read', async () => {
  const profile = Buffer.alloc(7 * 1024 * 1024, 'profile')
  const withProfile = (data: Buffer) => {
    const chunk = pngChunk('iCCP', Buffer.concat([Buffer.from('ICC\0\0'), deflateSync(data)]))
    return Buffer.concat([SAMPLES['image/png'].subarray(0, 33), chunk, SAMPLES['image/png'].subarray(33)])
  }
  expect(await verdictOn(withProfile(profile))).toBe('accepted')
  expect(readTraits(withProfile(profile)).profile?.equals(profile)).toBe(true)
  const larger = withProfile(Buffer.alloc(9 * 1024 * 1024))
  expect(await verdictOn(larger)).toMatch(/^corrupt-image: .* more than 8 MB when decompressed/)
})

describe('a still image', () => {
  test('is an animated PNG without its animation and trailer', () => {
    const png = SAMPLES['image/png']
    const animated = Buffer.concat([png.subarray(0, 33), pngChunk('acTL', Buffer.alloc(8)), png.subarray(33)])
    expect(readTraits(animated).isAnimated).toBe(true)
    expect(stillPng(Buffer.concat([animated, Buffer.from('trailer')]))).toEqual(png)
  })

  test('is the first frame of an animated WebP', async () => {
    const animated = variant('an animated WebP')
    const still = firstWebpFrame(animated)
    expect([readTraits(animated).isAnimated, readTraits(still).isAnimated]).toEqual([true, false])
    const { data, info } = await sharp(still).removeAlpha().raw().toBuffer({ resolveWithObject: true })
    expect([info.width, info.height, Math.max(...data)]).toEqual([24, 16, 0])
  })
})
