import { IMAGE_TYPES, ProblemError } from '@darkroom/core'
import { CAMERA_PHOTOGRAPHS, type PhotographName, photograph } from '@darkroom/testing/photographs'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import sharp from 'sharp'
import { inspectImage, inspectStream } from './inspect-image.ts'
import { CLAIMING, SAMPLES, type UsualType, VARIANTS } from './testing/sample-images.ts'

/** The time limit for inspecting a file, in proportion to its size. */
const maxMilliseconds = (bytes: number) => 50 * (1 + bytes / 1024 / 1024)
const types = Object.keys(SAMPLES) as UsualType[]
const tiff = await sharp(SAMPLES['image/png']).tiff().toBuffer()

/** The slug and text of the refusal, or `accepted`. Any other error fails the test. */
async function verdictOn(
  bytes: Uint8Array,
  inspect: (bytes: Uint8Array) => unknown = inspectImage,
): Promise<string> {
  try {
    await inspect(bytes)
    return 'accepted'
  } catch (error) {
    if (error instanceof ProblemError) return error.message
    throw error
  }
}

async function* inChunks(bytes: Uint8Array, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

/** Like `verdictOn`, with a time limit: the best CPU time of five tries, so that a busy machine does not fail the test. */
async function quickVerdictOn(bytes: Uint8Array): Promise<string> {
  let verdict = ''
  for (let attempt = 1; attempt <= 5; attempt++) {
    const start = process.cpuUsage()
    verdict = await verdictOn(bytes)
    const { user, system } = process.cpuUsage(start)
    if ((user + system) / 1000 < maxMilliseconds(bytes.length)) return verdict
  }
  throw new Error(`inspecting ${bytes.length} bytes took too long: ${verdict}`)
}

const ftyp = (brand: string) =>
  Buffer.concat([Buffer.from([0, 0, 0, 24]), Buffer.from(`ftyp${brand}\0\0\0\0mif1${brand}`)])

/** A TIFF of one directory: entries of tag, type (SHORT), count, value. */
function rawTiff(order: 'II' | 'MM', tags: Record<number, number>): Buffer {
  const entries = Object.entries(tags)
  const tiff = Buffer.alloc(8 + 2 + 12 * entries.length + 4)
  const uint16 = (value: number, at: number) =>
    order === 'II' ? tiff.writeUInt16LE(value, at) : tiff.writeUInt16BE(value, at)
  tiff.write(order)
  uint16(42, 2)
  tiff.writeUInt8(8, order === 'II' ? 4 : 7)
  uint16(entries.length, 8)
  entries.forEach(([tag, value], i) => {
    uint16(Number(tag), 10 + 12 * i)
    uint16(3, 12 + 12 * i)
    uint16(value, 18 + 12 * i)
  })
  return tiff
}

describe('accepted', () => {
  test.each(types)('%s', async (contentType) => {
    expect(await inspectImage(SAMPLES[contentType])).toEqual({ contentType, width: 24, height: 16 })
  })

  test.each(VARIANTS)('%s', async (_what, contentType, bytes) => {
    expect(await inspectImage(bytes)).toEqual({ contentType, width: 24, height: 16 })
  })

  test('an AVIF with the general HEIF brand first', async () => {
    const avif = Buffer.from(SAMPLES['image/avif'])
    avif.write('mif1', 8)
    expect(await inspectImage(avif)).toMatchObject({ contentType: 'image/avif', width: 24 })
  })

  test('the bytes in the middle of a larger buffer', async () => {
    const around = Buffer.concat([Buffer.from('before'), SAMPLES['image/png'], Buffer.from('behind')])
    const bytes = new Uint8Array(around.buffer, around.byteOffset + 6, SAMPLES['image/png'].length)
    expect(await inspectImage(bytes)).toEqual({ contentType: 'image/png', width: 24, height: 16 })
  })

  test.each(types)('%s with bytes after its end', async (contentType) => {
    for (const trailer of ['\0', '\n', 'trailer', 'SEFT and a phone trailer', '\0'.repeat(4096)]) {
      const bytes = Buffer.concat([SAMPLES[contentType], Buffer.from(trailer)])
      expect([trailer, await verdictOn(bytes)]).toEqual([trailer, 'accepted'])
    }
  })

  test.each(types.filter((type) => type !== 'image/avif'))(
    '%s with the maximum number of pixels',
    async (contentType) => {
      const height = IMAGE_TYPES[contentType].maxPixels / 10_000
      expect(await inspectImage(CLAIMING[contentType](10_000, height))).toMatchObject({
        width: 10_000,
        height,
      })
    },
  )
})

describe('a refusal says what type was found', () => {
  const found = (bytes: Uint8Array, inspect: (bytes: Uint8Array) => Promise<unknown> = inspectImage) =>
    inspect(bytes).then(
      () => 'accepted',
      (error: ProblemError) => error.content.foundType,
    )

  test.each<[string, Uint8Array, string | undefined]>([
    ['a JPEG without its end', SAMPLES['image/jpeg'].subarray(0, -20), 'image/jpeg'],
    ['a PNG of too many pixels', CLAIMING['image/png'](20_000, 14_000), 'image/png'],
    ['a HEIC', ftyp('heic'), 'image/heic'],
    ['a HEIF', ftyp('mif1'), 'image/heif'],
    ['an SVG', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'), 'image/svg+xml'],
    ['a JPEG XL', Buffer.from('ff0a7f0090010012', 'hex'), 'image/jxl'],
    ['a PDF', Buffer.from('%PDF-1.7\n%âãÏÓ\n1 0 obj'), 'application/pdf'],
    ['text', Buffer.from('hello, this is not an image'), undefined],
  ])('%s', async (_what, bytes, type) => {
    expect(await found(bytes)).toBe(type)
    expect(await found(bytes, (all) => inspectStream(inChunks(all, 7)))).toBe(type)
  })
})

describe('refused', () => {
  const svg = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
  const doctype =
    '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">'
  const SVG =
    "unsupported-media-type: This file type isn't supported: SVG. Export it as PNG. Supported types: JPEG, PNG, WebP, GIF, AVIF."

  test.each<[string, Uint8Array | string, string]>([
    ['no bytes', '', 'empty-body: The file is empty.'],
    [
      'text',
      'hello, this is not an image',
      "unsupported-media-type: This file isn't an image. Supported types: JPEG,",
    ],
    ['one byte', 'x', "unsupported-media-type: This file isn't an image."],
    ['zeros', Buffer.alloc(10_000), "unsupported-media-type: This file isn't an image."],
    ['HTML', '<!doctype html><p>svg</p>', 'unsupported-media-type: '],
    ['base64 of an image', SAMPLES['image/png'].toString('base64'), 'unsupported-media-type: '],
    ['a ZIP', Buffer.from('PK\x03\x04\x14\0\0\0\0\0', 'latin1'), 'unsupported-media-type: '],
    [
      'an empty ZIP',
      Buffer.from(`PK\x05\x06${'\0'.repeat(18)}`),
      "type isn't supported: ZIP. Unpack it and send the image in it. Supported types:",
    ],
    ['a PDF', '%PDF-1.7\n%âãÏÓ\n1 0 obj', "unsupported-media-type: This file type isn't supported: PDF."],
    [
      'a BMP',
      Buffer.concat([Buffer.from('BM'), Buffer.alloc(64)]),
      "This file type isn't supported: BMP. Export it as PNG.",
    ],
    ['a TIFF', tiff, "This file type isn't supported: TIFF. Export it as JPEG or PNG."],
    [
      'a HEIC',
      ftyp('heic'),
      "unsupported-media-type: This file type isn't supported: HEIC. Export it as JPEG.",
    ],
    ['a HEIC of 10 bits', ftyp('heix'), "This file type isn't supported: HEIC. Export it as JPEG."],
    [
      'a JPEG XL',
      Buffer.from('ff0a7f0090010012', 'hex'),
      'supported: JPEG XL. Export it as JPEG. Supported types:',
    ],
    [
      'a JPEG XL in a container',
      Buffer.from('0000000c4a584c200d0a870a0000', 'hex'),
      'supported: JPEG XL. Export',
    ],
    [
      'a JPEG 2000',
      Buffer.from('0000000c6a5020200d0a870a00000014667479706a703220', 'hex'),
      'supported: JPEG 2000.',
    ],
    [
      'a JPEG 2000 codestream',
      Buffer.from('ff4fff5100290000', 'hex'),
      'supported: JPEG 2000. Export it as JPEG.',
    ],
    ['a JPEG-LS', Buffer.from('ffd8fff7000b', 'hex'), 'supported: JPEG-LS. Export it as JPEG.'],
    [
      'an icon',
      Buffer.from('0000010001001010000001002000680400001600', 'hex'),
      'supported: ICO. Export it as PNG.',
    ],
    [
      'a DICOM',
      Buffer.concat([Buffer.alloc(128), Buffer.from('DICM\x02\0')]),
      'supported: DICOM. Export it as',
    ],
    [
      'a PSD',
      Buffer.concat([Buffer.from('8BPS\0\x01'), Buffer.alloc(64)]),
      'supported: Photoshop (PSD). Export',
    ],
    [
      'a raw file of Fujifilm',
      'FUJIFILMCCD-RAW 0201FF383501',
      'supported: a camera raw file. Open it in a photo editor',
    ],
    ['a raw file of Nikon', rawTiff('II', { 254: 1, 271: 0 }), 'supported: a camera raw file. Open it'],
    ['a raw file of Sony', rawTiff('II', { 271: 0, 330: 0 }), 'supported: a camera raw file. Open it'],
    ['a raw file of Pentax', rawTiff('MM', { 259: 65_535, 271: 0 }), 'supported: a camera raw file. Open it'],
    ['a DNG', rawTiff('II', { 50706: 1 }), 'supported: a camera raw file. Open it'],
    [
      "a camera's TIFF",
      rawTiff('II', { 254: 0, 259: 1, 271: 0 }),
      'supported: TIFF. Export it as JPEG or PNG.',
    ],
    [
      'a Matroska',
      Buffer.from('1a45dfa393428288' + '6d6174726f736b61', 'hex'),
      'a video (MKV). Export one frame',
    ],
    ['a WAV', Buffer.from('RIFF\0\0\0\0WAVEfmt \0\0\0\0'), 'supported: audio (WAV). Supported types:'],
    ['an OpenEXR', Buffer.from('762f310102000000', 'hex'), 'supported: OpenEXR. Export it as JPEG.'],
    ['a Radiance HDR', '#?RADIANCE\n', 'supported: Radiance HDR. Export it as JPEG.'],
    [
      'a small AVIF',
      '\0\0\0\x10ftypmif3avif\0\0\0\x40mini',
      'supported: AVIF with a minimized header (mif3). Export it as JPEG.',
    ],
    ['a QOI', 'qoif\0\0\0\x01', 'supported: QOI. Export it as PNG.'],
    ['a DDS', 'DDS |\0\0\0', 'supported: DDS. Export it as PNG.'],
    ['a KTX', Buffer.from('ab4b5458203230bb0d0a1a0a', 'hex'), 'supported: KTX. Export it as PNG.'],
    [
      'a TGA',
      Buffer.from('00000200000000000000000040004000180000000000', 'hex'),
      'supported: TGA. Export it as PNG.',
    ],
    ['the beginning of a TGA', Buffer.from('0000020000000000', 'hex'), "isn't supported: CUR."],
    ['a PCX', Buffer.from('0a050108000000003f003f00', 'hex'), 'supported: PCX. Export it as PNG.'],
    ['a PPM', 'P6\n4 4\n255\n', 'supported: Netpbm (PBM, PGM, PPM). Export it as PNG.'],
    ['an XPM', '/* XPM */\nstatic char *x[] = {', 'supported: XPM. Export it as PNG.'],
    ['an SGI', Buffer.from('01da010100030004', 'hex'), 'supported: SGI. Export it as PNG.'],
    ['an MNG', Buffer.from('8a4d4e470d0a1a0a', 'hex'), 'supported: MNG. Export it as PNG.'],
    ['a WMF', Buffer.from('d7cdc69a00000000', 'hex'), 'supported: Windows Metafile (WMF). Export it as'],
    ['a FITS', 'SIMPLE  =                    T', 'supported: FITS. Export it as JPEG or PNG.'],
    ['a DjVu', 'AT&TFORM\0\0\0\0DJVU', 'supported: DjVu. Export its page as JPEG or PNG.'],
    ['a HEIF', ftyp('mif1'), "This file type isn't supported: HEIF. Export it as JPEG."],
    [
      'a video',
      ftyp('isom'),
      "unsupported-media-type: This file type isn't supported: a video (MP4). Export one frame of it as JPEG.",
    ],
    ['an SVG', svg, SVG],
    ['an SVG with an XML prolog', `<?xml version="1.0" encoding="UTF-8"?>\n${svg}`, SVG],
    ['an SVG with a comment', `<!-- made with <love> -->\n<!-- twice -->${svg}`, SVG],
    ['an SVG with a document type', `<?xml version="1.0"?>\n${doctype}\n${svg}`, SVG],
    ['an SVG with all of them', `<?xml version="1.0"?>\n<!-- a -->\n${doctype}\n<!-- b -->\n${svg}`, SVG],
    ['an SVG with entities', `<!DOCTYPE svg [ <!ENTITY ns "http://x.example/"> ]>${svg}`, SVG],
    ['an SVG with a byte order mark', `\ufeff${svg}`, SVG],
    ['an SVG with that and a prolog', `\ufeff<?xml version="1.0"?>${svg}`, SVG],
    ['an SVG with a namespace prefix', '<svg:svg xmlns:svg="http://www.w3.org/2000/svg"/>', SVG],
    ['an SVG in upper case with spaces before', `\r\n\t ${svg.toUpperCase()}`, SVG],
    [
      'XML of another kind',
      '<?xml version="1.0"?><rss><svg/></rss>',
      "unsupported-media-type: This file type isn't supported: XML.",
    ],
  ])('%s', async (_what, bytes, text) => {
    expect(await quickVerdictOn(Buffer.from(bytes))).toContain(text)
  })

  test.each(['<!---->', '<!-- -->', ' ', '<?x?>', '<!DOCTYPE svg>', '<!DOCTYPE svg[', '<!--', '\n<!--a-->'])(
    'a kilobyte of %j, quickly',
    async (text) => {
      expect(await quickVerdictOn(Buffer.from(text.repeat(1024 / text.length)))).toMatch(
        /^unsupported-media-type/,
      )
    },
  )

  test.each<[UsualType, number, number, string]>([
    [
      'image/png',
      20_000,
      14_000,
      'image-too-large: The image is 20000 × 14000 pixels (280 megapixels); the limit for PNG is 50 megapixels.',
    ],
    [
      'image/jpeg',
      20_000,
      14_000,
      'image-too-large: The image is 20000 × 14000 pixels (280 megapixels); the limit for JPEG is 210 megapixels.',
    ],
    [
      'image/gif',
      20_000,
      14_000,
      'image-too-large: The image is 20000 × 14000 pixels (280 megapixels); the limit for GIF is 50 megapixels.',
    ],
    [
      'image/webp',
      16_383,
      16_383,
      'image-too-large: The image is 16383 × 16383 pixels (268 megapixels); the limit for WebP is 50 megapixels.',
    ],
    [
      'image/avif',
      20_000,
      14_000,
      'image-too-large: The image is 20000 × 14000 pixels (280 megapixels); the limit for AVIF is 50 megapixels.',
    ],
  ])('%s of %i × %i', async (contentType, width, height, text) => {
    expect(await quickVerdictOn(CLAIMING[contentType](width, height))).toContain(text)
  })

  test.each(types)('%s with one pixel column too many', async (contentType) => {
    const height = IMAGE_TYPES[contentType].maxPixels / 10_000
    expect(await verdictOn(CLAIMING[contentType](10_001, height))).toMatch(/^image-too-large/)
  })

  test.each<UsualType>(['image/png', 'image/jpeg', 'image/gif', 'image/avif'])(
    '%s without width or height',
    async (contentType) => {
      for (const [width, height] of [
        [0, 16],
        [24, 0],
        [0, 0],
      ] as const) {
        expect(await verdictOn(CLAIMING[contentType](width, height))).toMatch(
          /^corrupt-image: .* no readable header/,
        )
      }
    },
  )
})

test('an AVIF sequence without a still picture is named, in one piece and in chunks', async () => {
  const moov = Buffer.from([0, 0, 0, 8, ...Buffer.from('moov')])
  const mdat = Buffer.alloc(100_000)
  mdat.writeUInt32BE(mdat.length)
  mdat.write('mdat', 4)
  const sequence = Buffer.concat([ftyp('avis'), moov, mdat])
  const text =
    "unsupported-media-type: This file type isn't supported: an AVIF sequence without a still picture. Export one frame of it as JPEG."
  expect(await verdictOn(sequence)).toBe(text)
  expect(await verdictOn(sequence, () => inspectStream(inChunks(sequence, 4096)))).toBe(text)
  expect(await verdictOn(sequence.subarray(0, -1))).toMatch(/^corrupt-image/)
})

describe('a truncated image', () => {
  const samples = [...types.map((type) => [type, type, SAMPLES[type]] as const), ...VARIANTS]

  test.each(samples)('%s, after any byte', async (_what, contentType, bytes) => {
    const accepted: number[] = []
    for (let length = 0; length < bytes.length; length++) {
      const verdict = await quickVerdictOn(bytes.subarray(0, length))
      if (verdict === 'accepted') accepted.push(length)
      else expect(verdict).toMatch(/^(empty-body|unsupported-media-type|corrupt-image): /)
    }
    expect(accepted).toEqual(contentType === 'image/gif' ? endsOfFrames(bytes) : [])
  })

  test('is refused with a text', async () => {
    const half = SAMPLES['image/jpeg'].subarray(0, SAMPLES['image/jpeg'].length - 30)
    expect(await verdictOn(half)).toBe('corrupt-image: The JPEG is truncated. Send the complete file again.')
  })

  /** A GIF that ends right after a frame lacks only its trailer. */
  function endsOfFrames(gif: Buffer): number[] {
    const lengths = Array.from({ length: gif.length - 1 }, (_, index) => index + 1)
    return lengths.filter((length) => gif[length - 1] === 0 && isBlockBoundary(gif, length))
  }

  function isBlockBoundary(gif: Buffer, length: number): boolean {
    const frame = gif.indexOf(Buffer.from([0x2c, 0, 0, 0, 0, 24, 0, 16, 0]))
    return length > frame + 10 && [0x21, 0x2c, 0x3b].includes(gif[length] ?? 0)
  }
})

describe('arbitrary bytes', () => {
  const magics = [...types.map((type) => SAMPLES[type].subarray(0, 32)), ftyp('avif'), ftyp('heic')]
  const other = [
    'PK\x03\x04',
    'II*\0',
    'MM\0*',
    '8BPS',
    'BM',
    '%PDF',
    '<svg',
    'RIFF',
    'OggS',
    'ID3\x03',
    '0&²u\x8efÏ\x11¦Ù\0ª\0bÎl',
  ]
  const magic = fc.constantFrom(...magics, ...other.map((text) => Buffer.from(text, 'latin1')))

  test('random ones are accepted or refused, quickly', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 2048 }), async (bytes) => {
        await quickVerdictOn(bytes)
      }),
      { numRuns: 300 },
    )
  })

  test('random ones after a known signature are accepted or refused, quickly', async () => {
    await fc.assert(
      fc.asyncProperty(magic, fc.uint8Array({ maxLength: 1024 }), async (start, rest) => {
        await quickVerdictOn(Buffer.concat([start, rest]))
      }),
      { numRuns: 1000 },
    )
  })

  test.each(types)(
    '%s with changed bytes in its header is accepted or refused, quickly',
    async (contentType) => {
      const sample = SAMPLES[contentType]
      const change = fc.tuple(
        fc.nat(Math.min(sample.length, 400) - 1),
        fc.oneof(fc.constantFrom(0, 1, 0x7f, 0x80, 0xff), fc.nat(255)),
      )
      await fc.assert(
        fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 8 }), async (changes) => {
          const bytes = Buffer.from(sample)
          for (const [at, value] of changes) bytes[at] = value
          await quickVerdictOn(bytes)
        }),
        { numRuns: 500, seed: 20261123 },
      )
    },
  )

  test.each(types)(
    '%s with four megabytes of zeros after its header is accepted or refused, quickly',
    async (contentType) => {
      const bytes = Buffer.alloc(4 * 1024 * 1024)
      SAMPLES[contentType].copy(bytes, 0, 0, 100)
      expect(await quickVerdictOn(bytes)).toMatch(/^corrupt-image|accepted/)
    },
  )
})

describe('a stream has the same result as its bytes', () => {
  const samples = [...types.map((type) => [type, type, SAMPLES[type]] as const), ...VARIANTS]
  const inStream = (size: number) => (bytes: Uint8Array) => inspectStream(inChunks(bytes, size))

  test.each(samples)('%s, whole and truncated, in chunks of any size', async (_what, _type, bytes) => {
    for (let length = 0; length <= bytes.length; length += 1 + Math.floor(length / 10)) {
      const part = bytes.subarray(0, length)
      const verdict = await verdictOn(part)
      for (const size of [1, 7, 100_000]) expect(await verdictOn(part, inStream(size))).toBe(verdict)
    }
  })

  test.each(types)('%s with a trailer of one megabyte', async (contentType) => {
    const bytes = Buffer.concat([SAMPLES[contentType], Buffer.alloc(1_000_000)])
    for (const size of [1000, 65_536]) {
      expect(await inspectStream(inChunks(bytes, size))).toEqual(await inspectImage(bytes))
    }
  })

  test('a JPEG whose dimensions are after half a megabyte of other segments', async () => {
    const segment = Buffer.concat([Buffer.from([0xff, 0xe2, 0xff, 0xff]), Buffer.alloc(65_533)])
    const jpeg = SAMPLES['image/jpeg']
    const bytes = Buffer.concat([jpeg.subarray(0, 2), ...Array(8).fill(segment), jpeg.subarray(2)])
    const found = { contentType: 'image/jpeg', width: 24, height: 16 }
    expect(await inspectStream(inChunks(bytes, 16_384))).toEqual(found)
    expect(await verdictOn(bytes.subarray(0, -2), inStream(16_384))).toMatch(/truncated/)
  })

  test('a refused stream is not read further', async () => {
    let read = 0
    async function* endless() {
      for (;;) {
        read += 1024
        yield Buffer.alloc(1024, 'no image ')
      }
    }
    await expect(inspectStream(endless())).rejects.toMatchObject({ slug: 'unsupported-media-type' })
    expect(read).toBe(64 * 1024)
  })

  test('random changes of a header, in chunks of any size', async () => {
    const change = fc.tuple(fc.nat(399), fc.nat(255))
    const changed = fc.tuple(fc.constantFrom(...types), fc.array(change, { minLength: 1, maxLength: 8 }))
    await fc.assert(
      fc.asyncProperty(changed, fc.integer({ min: 1, max: 300 }), async ([type, changes], size) => {
        const bytes = Buffer.from(SAMPLES[type])
        for (const [at, value] of changes) bytes[at % bytes.length] = value
        expect(await verdictOn(bytes, inStream(size))).toBe(await verdictOn(bytes))
      }),
      { numRuns: 500 },
    )
  })
})

const WITH_TRAILER: PhotographName[] = ['sony-a6000', 'nokia-lumia-820']

test.each(CAMERA_PHOTOGRAPHS)('the photograph %s, whole and truncated', async (name) => {
  const bytes = await photograph(name)
  const { width, height } = await sharp(bytes).metadata()
  expect(await inspectImage(bytes)).toEqual({ contentType: 'image/jpeg', width, height })
  // Truncating a trailer does not damage the image.
  const imageBytes = bytes.length * (WITH_TRAILER.includes(name) ? 0.9 : 1)
  for (const share of [0.001, 0.01, 0.1, 0.3, 0.5, 0.7, 0.95, 0.999]) {
    expect(await quickVerdictOn(bytes.subarray(0, imageBytes * share))).toMatch(/^corrupt-image/)
  }
})
