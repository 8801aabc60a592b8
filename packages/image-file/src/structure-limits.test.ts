import { deflateSync } from 'node:zlib'
import { ProblemError } from '@darkroom/core'
import { describe, expect, test } from '@jest/globals'
import sharp from 'sharp'
import { inspectImage } from './inspect-image.ts'
import { CLAIMING, SAMPLES, type UsualType, VARIANTS } from './testing/sample-images.ts'

async function verdictOn(bytes: Uint8Array): Promise<string> {
  try {
    await inspectImage(bytes)
    return 'accepted'
  } catch (error) {
    if (error instanceof ProblemError) return error.message
    throw error
  }
}

const picture = () => sharp({ create: { width: 24, height: 16, channels: 3, background: '#c84' } })
const variant = (name: string) => VARIANTS.find(([what]) => what === name)?.[2] ?? Buffer.alloc(0)

describe('what a decoder would have to hold at once', () => {
  /** The same file with another size in its frame header. */
  function claiming(jpeg: Buffer, marker: number, width: number, height: number): Buffer {
    const copy = Buffer.from(jpeg)
    const at = jpeg.indexOf(Buffer.from([0xff, marker]))
    copy.writeUInt16BE(height, at + 5)
    copy.writeUInt16BE(width, at + 7)
    return copy
  }

  test('a progressive JPEG is held whole, by its samples; a baseline one is not', async () => {
    const whole = await picture().jpeg({ progressive: true, chromaSubsampling: '4:4:4' }).toBuffer()
    const halved = await picture().jpeg({ progressive: true, chromaSubsampling: '4:2:0' }).toBuffer()
    const baseline = await picture().jpeg({ chromaSubsampling: '4:4:4' }).toBuffer()
    expect(await verdictOn(claiming(whole, 0xc2, 10_000, 8000))).toBe(
      'image-too-large: To decode this JPEG takes about 480 MB of memory; the limit is 400 MB. Save it as a baseline JPEG, not progressive, or smaller.',
    )
    expect(await verdictOn(claiming(whole, 0xc2, 10_000, 6000))).toBe('accepted')
    expect(await verdictOn(claiming(halved, 0xc2, 10_000, 10_000))).toBe('accepted')
    expect(await verdictOn(claiming(baseline, 0xc0, 10_000, 10_000))).toBe('accepted')
  })

  test('an interlaced PNG is held whole, by its bits and channels; another is not', async () => {
    const deep = () => picture().ensureAlpha(0.5).toColourspace('rgb16')
    expect(await verdictOn(enlarged(await deep().png({ progressive: true }).toBuffer()))).toMatch(
      /^image-too-large: .* about 520 MB of memory; .* Save it without interlacing, or smaller\.$/,
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

  test('an AVIF of more than 8 bits takes more of it', async () => {
    const avif = Buffer.from(SAMPLES['image/avif'])
    avif[avif.indexOf('av1C') + 6] = 0x40
    const at = avif.indexOf('ispe')
    avif.writeUInt32BE(5000, at + 8)
    avif.writeUInt32BE(4000, at + 12)
    expect(await verdictOn(avif)).toMatch(
      /^image-too-large: .* about 520 MB .* Save it with 8 bits a channel/,
    )
    expect(await verdictOn(CLAIMING['image/avif'](5000, 4000))).toBe('accepted')
  })
})

test('an animation of more than a thousand frames has too many', async () => {
  const gif = variant('an animated GIF')
  const frame = gif.subarray(gif.lastIndexOf(Buffer.from([0x21, 0xf9])), gif.length - 1)
  const longer = (frames: number) =>
    Buffer.concat([gif.subarray(0, -1), ...Array<Buffer>(frames - 3).fill(frame), Buffer.from(';')])
  expect(await verdictOn(longer(1000))).toBe('accepted')
  expect(await verdictOn(longer(1001))).toBe(
    'too-many-frames: The animation has 1001 frames; the limit is 1000. Send a shorter one, or its first frame.',
  )
})

describe('four megabytes of the same are judged in less than two seconds', () => {
  const behind = (type: UsualType, end: number, piece: Buffer) =>
    Buffer.concat([
      SAMPLES[type].subarray(0, end),
      ...Array<Buffer>(Math.floor(4e6 / piece.length)).fill(piece),
      SAMPLES[type].subarray(end),
    ])
  const chunk = (type: string, data = Buffer.alloc(0)) => {
    const length = Buffer.alloc(4)
    length.writeUInt32BE(data.length)
    return Buffer.concat([length, Buffer.from(type), data, Buffer.alloc(4)])
  }
  const bomb = chunk('zTXt', Buffer.concat([Buffer.from('a\0\0'), deflateSync(Buffer.alloc(8e6))]))
  const riff = Buffer.from('XXXX\0\0\0\0')

  test.each<[string, Buffer, RegExp]>([
    [
      'JPEG scans',
      behind('image/jpeg', SAMPLES['image/jpeg'].length - 2, Buffer.from([0xff, 0xda, 0, 2])),
      /in \d{6,} scans/,
    ],
    ['JPEG fill bytes', behind('image/jpeg', 2, Buffer.from([0xff])), /^accepted/],
    ['PNG frames', behind('image/png', 33, chunk('fcTL')), /^too-many-frames/],
    ['PNG texts', behind('image/png', 33, chunk('tEXt')), /more than any needs/],
    ['PNG texts of 8 MB each, folded', behind('image/png', 33, bomb), /unfold to more than 8 MB/],
    ['GIF extensions', behind('image/gif', 13 + 768, Buffer.from([0x21, 0xfe, 0])), /./],
    ['WebP chunks', behind('image/webp', 12, riff), /./],
    ['AVIF sizes', behind('image/avif', 60, Buffer.from('ispe')), /./],
  ])('%s', async (_, bytes, words) => {
    const start = process.cpuUsage()
    expect(await verdictOn(bytes)).toMatch(words)
    const { user, system } = process.cpuUsage(start)
    expect((user + system) / 1000).toBeLessThan(2000)
  })
})
