import { inspectImage } from '@darkroom/image-file'
import { photograph } from '@darkroom/testing/photographs'
import { describe, expect, test } from '@jest/globals'
import sharp, { type Sharp } from 'sharp'
import { develop } from '../development/develop.ts'
import type { ImageEngine } from './image-engine.ts'
import { jimpEngine } from './jimp-engine.ts'
import { sharpEngine } from './sharp-engine.ts'
import { encodeWebpWith } from './wasm-codecs.ts'

const PRESET = { version: 1, variants: [{ name: 'a', size: 24, format: 'png' } as const] }
/** Decoded once. */
const { data, info } = await sharp(await photograph('nokia-lumia-820'))
  .resize(320, 240, { fit: 'cover' })
  .raw()
  .toBuffer({ resolveWithObject: true })
const picture = sharp(data, { raw: { width: info.width, height: info.height, channels: 3 } })
const JPEGS: Record<string, Buffer> = {
  baseline: await picture.clone().jpeg({ quality: 88, optimiseCoding: false }).toBuffer(),
  optimised: await picture.clone().jpeg({ quality: 70 }).toBuffer(),
  progressive: await picture.clone().jpeg({ quality: 88, progressive: true }).toBuffer(),
  'with a profile': await picture.clone().withIccProfile('p3').jpeg({ quality: 88 }).toBuffer(),
}

const zeros = (jpeg: Buffer, at: number, bytes: number) => Buffer.from(jpeg).fill(0, at, at + bytes)
const END = Buffer.from([0xff, 0xd9])
const SIZE = { width: 90, height: 70, channels: 3 } as const
const KINDS: Record<string, (jpeg: Buffer, at: number) => Buffer> = {
  'zeroed 2 KB': (jpeg, at) => zeros(jpeg, at, 2048),
  'lost 2 KB': (jpeg, at) => Buffer.concat([jpeg.subarray(0, at), jpeg.subarray(at + 2048)]),
  'zeros up to its end': (jpeg, at) => zeros(jpeg, at, jpeg.length - 2 - at),
  'an end in the middle': (jpeg, at) => Buffer.concat([jpeg.subarray(0, at), END]),
}

async function outcomeOf(original: Buffer, engine: ImageEngine = sharpEngine): Promise<string> {
  try {
    const { warnings } = await develop(engine, original, PRESET)
    return warnings.includes('damaged-data') ? 'reported' : 'silent'
  } catch (error) {
    return (error as { slug: string }).slug === 'corrupt-image' ? 'reported' : String(error)
  }
}

const JPEGS_BY_ENGINE = [sharpEngine, jimpEngine].flatMap((engine) =>
  Object.entries(JPEGS).map(([encoding, jpeg]) => [encoding, engine.name, engine, jpeg] as const),
)

describe.each(JPEGS_BY_ENGINE)('a JPEG, %s, with %s', (encoding, _name, engine, jpeg) => {
  test('that is sound has no warning', async () => {
    expect((await develop(engine, jpeg, PRESET)).warnings).toEqual([])
  })

  /** Any bits are valid in the later scans of a progressive JPEG, so libjpeg notices only that bytes are missing or left. */
  const kinds = Object.entries(KINDS).filter(([kind]) => encoding !== 'progressive' || !kind.endsWith('2 KB'))

  test.each(kinds)('with %s is never processed in silence', async (_kind, damage) => {
    const places = [0.3, 0.5, 0.7].map((share) => Math.floor(jpeg.length * share))
    // One by one: libvips has one list of warnings for all images.
    const outcomes: string[] = []
    for (const at of places) outcomes.push(await outcomeOf(damage(jpeg, at), engine))
    expect(outcomes).toEqual(places.map(() => 'reported'))
  })
})

/** Damage after which Huffman codes are found again, so that only the amount of data is wrong. */
const SHIFTS: Record<string, (jpeg: Buffer, at: number) => Buffer> = {
  'the same 2 KB twice': (jpeg, at) => Buffer.concat([jpeg.subarray(0, at), jpeg.subarray(at - 2048)]),
  'a line of text in its data': (jpeg, at) =>
    Buffer.concat([jpeg.subarray(0, at), Buffer.from('502 Bad Gateway\r\n'.repeat(40)), jpeg.subarray(at)]),
}

describe.each(Object.entries(SHIFTS))('a sequential JPEG with %s', (_kind, damage) => {
  test.each(['baseline', 'optimised', 'with a profile'])('%s', async (encoding) => {
    const jpeg = JPEGS[encoding] as Buffer
    const outcomes: string[] = []
    for (const share of [0.2, 0.35, 0.5, 0.65, 0.8])
      outcomes.push(await outcomeOf(damage(jpeg, Math.floor(jpeg.length * share))))
    expect(outcomes).toEqual(outcomes.map(() => 'reported'))
  })
})

test.each([
  ['a restart marker', [0xff, 0xd3]],
  ['two restart markers', [0xff, 0xd0, 0xff, 0xd1]],
  ['a segment of EXIF', [0xff, 0xe1, 0, 12, 0x45, 0x78, 0x69, 0x66, 0, 0, 1, 2, 3, 4]],
])('%s behind the last line is no damage, as cameras write it', async (_what, bytes) => {
  for (const jpeg of [JPEGS.baseline, JPEGS.optimised] as Buffer[]) {
    const marked = Buffer.concat([jpeg.subarray(0, -2), Buffer.from(bytes), END])
    expect(await outcomeOf(marked)).toBe('silent')
  }
})

/** About one of thirty sound JPEGs ends so that a decoder, which reads some bytes ahead, does not come to the end of the file. */
test('sound JPEGs have no warning, however their data ends', async () => {
  for (let width = 60; width < 160; width++) {
    const jpeg = await picture.clone().resize(width, 40, { fit: 'cover' }).jpeg({ quality: 70 }).toBuffer()
    expect(await outcomeOf(jpeg)).toBe('silent')
  }
})

/** Of the latter, the last line is not needed for a small picture. */
test.each([
  [4000, 3000],
  [849, 708],
  [1824, 1026],
  [691, 322],
])('a sound JPEG whose data has runs of zeros has no warning: %i × %i', async (width, height) => {
  const white = await sharp({ create: { width, height, channels: 3, background: 'white' } })
    .jpeg()
    .toBuffer()
  expect(white.includes(Buffer.alloc(64))).toBe(true)
  expect((await develop(sharpEngine, white, PRESET)).warnings).toEqual([])
})

const LOSSLESS: Record<string, (image: Sharp) => Sharp> = {
  PNG: (image) => image.png(),
  'interlaced PNG': (image) => image.png({ progressive: true }),
  AVIF: (image) => image.avif({ quality: 60, effort: 0 }),
}

test.each(Object.entries(LOSSLESS))('a %s with zeroed bytes is refused', async (_format, encode) => {
  const sound = await encode(picture.clone().resize(200)).toBuffer()
  const damaged = zeros(sound, Math.floor(sound.length / 2), 200)
  await expect(develop(sharpEngine, damaged, PRESET)).rejects.toMatchObject({ slug: 'corrupt-image' })
})

describe.each([sharpEngine, jimpEngine])('a WebP with $name', (engine) => {
  const small = picture.clone().resize(200, 150)
  const inFrames = () => [small.clone(), small.clone().flip()].map((frame) => frame.png().toBuffer())
  const WEBPS: [string, () => Promise<Buffer>][] = [
    ['that is lossy', () => small.clone().webp().toBuffer()],
    ['that is lossy with alpha', () => small.clone().ensureAlpha(0.5).webp().toBuffer()],
    ['that is lossless', () => small.clone().webp({ lossless: true, effort: 0 }).toBuffer()],
    [
      'of one color',
      async () =>
        sharp({ create: { ...SIZE, background: 'red' } })
          .webp()
          .toBuffer(),
    ],
    [
      'with two frames',
      async () =>
        sharp(await Promise.all(inFrames()), { join: { animated: true } })
          .webp()
          .toBuffer(),
    ],
  ]

  test.each(WEBPS)('%s and sound has no warning of damage', async (_kind, make) => {
    const { warnings } = await develop(engine, await make(), PRESET)
    expect(warnings).not.toContain('damaged-data')
  })

  /** Any bytes are valid codes of a lossless photograph, and nearly all have the same length: that cannot be found. */
  test.each<[string, (webp: Buffer, at: number) => Buffer]>([
    ['zeroed bytes', (webp, at) => zeros(webp, at, 64)],
    ['foreign bytes', (webp, at) => Buffer.from(webp).fill('another file', at, at + 64)],
    ['zeros up to its end', (webp, at) => Buffer.from(webp).fill(0, at)],
  ])('that is lossy, with %s, is never processed in silence', async (_kind, damage) => {
    const webp = await small.clone().webp().toBuffer()
    const places = [0.2, 0.4, 0.6, 0.8].map((share) => Math.floor(webp.length * share))
    const outcomes: string[] = []
    for (const at of places) outcomes.push(await outcomeOf(damage(webp, at), engine))
    expect(outcomes).toEqual(places.map(() => 'reported'))
  })

  test('that is lossless, with zeros up to its end, is never processed in silence', async () => {
    const webp = await small.clone().webp({ lossless: true, effort: 0 }).toBuffer()
    expect(await outcomeOf(Buffer.from(webp).fill(0, webp.length / 2), engine)).toBe('reported')
  })

  test('that is lossy, in eight partitions, is checked in each of them', async () => {
    const { data, info } = await picture.clone().ensureAlpha().raw().toBuffer({ resolveWithObject: true })
    const webp = await encodeWebpWith({ ...info, channels: 4, data }, { quality: 75, partitions: 3 })
    expect(await outcomeOf(webp, engine)).toBe('silent')
    const places = [0.3, 0.5, 0.7].map((share) => Math.floor(webp.length * share))
    const outcomes: string[] = []
    for (const at of places) outcomes.push(await outcomeOf(zeros(webp, at, 64), engine))
    expect(outcomes).toEqual(places.map(() => 'reported'))
  })

  test('that is damaged in its second frame only has the warning', async () => {
    const webp = await sharp(await Promise.all(inFrames()), { join: { animated: true } })
      .webp()
      .toBuffer()
    expect(await outcomeOf(zeros(webp, Math.floor(webp.length * 0.8), 64), engine)).toBe('reported')
  })
})

describe('a GIF', () => {
  const still = picture.clone().resize(160)
  const GIFS: [string, () => Promise<Buffer>][] = [
    ['of 256 colors', () => still.clone().gif().toBuffer()],
    ['of 16 colors', () => still.clone().gif({ colors: 16 }).toBuffer()],
    [
      'of one color',
      () =>
        sharp({ create: { ...SIZE, background: 'red' } })
          .gif()
          .toBuffer(),
    ],
  ]

  test.each(GIFS)('%s that is sound has no warning', async (_colors, make) => {
    expect((await develop(sharpEngine, await make(), PRESET)).warnings).toEqual([])
  })

  test.each<[string, (gif: Buffer, at: number) => Buffer]>([
    ['zeroed', (gif, at) => zeros(gif, at, 64)],
    ['lost', (gif, at) => Buffer.concat([gif.subarray(0, at), gif.subarray(at + 64)])],
    ['foreign', (gif, at) => Buffer.from(gif).fill('another file', at, at + 64)],
  ])('with %s bytes is never processed in silence', async (_kind, damage) => {
    const gif = await still.clone().gif().toBuffer()
    const places = [0.2, 0.35, 0.5, 0.65, 0.8].map((share) => Math.floor(gif.length * share))
    const outcomes = await Promise.all(places.map((at) => outcomeOf(damage(gif, at))))
    expect(outcomes).toEqual(places.map(() => 'reported'))
    for (const at of places)
      await expect(develop(jimpEngine, damage(gif, at), PRESET)).rejects.toMatchObject({
        slug: 'corrupt-image',
      })
  })

  test('with a zero between its blocks is shown, with the warning', async () => {
    const gif = await still.clone().gif().toBuffer()
    const stray = Buffer.concat([gif.subarray(0, -1), Buffer.of(0), gif.subarray(-1)])
    await inspectImage(stray)
    const [sound, found] = await Promise.all([gif, stray].map((one) => develop(sharpEngine, one, PRESET)))
    expect(found?.warnings).toEqual(['damaged-data'])
    expect(found?.variants[0]?.data).toEqual(sound?.variants[0]?.data)
    await expect(develop(jimpEngine, stray, PRESET)).rejects.toMatchObject({ slug: 'corrupt-image' })
  })
})
