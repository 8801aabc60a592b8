import { readFile } from 'node:fs/promises'
import type { HeicDecoder } from '@darkroom/core'
import { gridHeif } from '@darkroom/testing/grid-heif'
import sharp, { type Sharp } from 'sharp'
import type { Outcome } from '../run-pipeline.ts'

/** A valid image at the size limit or slightly above it, and its memory limit. */
export interface EnormousImage {
  name: string
  make: () => Promise<Buffer>
  outcome: Outcome
  /** Memory limit for both processes together; shared program files count once. */
  megabytes: number
  /** The one that it needs. */
  heicDecoder?: HeicDecoder
}

type Channels = 3 | 4

/** Squares of pseudo-random colors, which compress badly. */
function mosaic(width: number, height: number, channels: Channels = 3): Sharp {
  const side = 256
  const data = Buffer.alloc(side * side * channels)
  let state = 20261125
  for (let n = 0; n < data.length; n++) {
    state = (state * 1103515245 + 12345) & 0x7fffffff
    data[n] = state >> 16
  }
  return sharp(data, { raw: { width: side, height: side, channels } }).resize(width, height, {
    kernel: 'nearest',
    fit: 'fill',
  })
}

type Row = [name: string, outcome: EnormousImage['outcome'], make: () => Sharp]

const MAX_MEGABYTES = 600
const ROWS: Row[] = [
  [
    'JPEG, 200 MP, to be rotated',
    'developed',
    () => mosaic(16_320, 12_240).withMetadata({ orientation: 6 }).jpeg(),
  ],
  ['JPEG, 100 MP, CMYK', 'developed', () => mosaic(10_000, 10_000).toColorspace('cmyk').jpeg()],
  ['JPEG, 108 MP, progressive', 'developed', () => mosaic(12_000, 9000).jpeg({ progressive: true })],
  [
    'JPEG, 60 MP, progressive 4:4:4',
    'developed',
    () => mosaic(10_000, 6000).jpeg({ progressive: true, chromaSubsampling: '4:4:4' }),
  ],
  [
    'JPEG, 80 MP, progressive 4:4:4',
    'image-too-large',
    () => mosaic(10_000, 8000).jpeg({ progressive: true, chromaSubsampling: '4:4:4' }),
  ],
  [
    'PNG, 50 MP, 16-bit RGBA',
    'developed',
    () => mosaic(10_000, 5000, 4).toColorspace('rgb16').png({ compressionLevel: 1 }),
  ],
  [
    'PNG, 30 MP, 16-bit RGBA, interlaced',
    'developed',
    () => mosaic(10_000, 3000, 4).toColorspace('rgb16').png({ compressionLevel: 1, progressive: true }),
  ],
  [
    'PNG, 50 MP, interlaced',
    'developed',
    () => mosaic(10_000, 5000).png({ compressionLevel: 1, progressive: true }),
  ],
  ['WebP, 50 MP', 'developed', () => mosaic(10_000, 5000).webp({ effort: 0 })],
  [
    'WebP, 50 MP, lossless with alpha',
    'developed',
    () => mosaic(10_000, 5000, 4).webp({ lossless: true, effort: 0 }),
  ],
  ['GIF, 50 MP', 'developed', () => mosaic(10_000, 5000).gif({ effort: 1, dither: 0 })],
  ['AVIF, 24 MP', 'developed', () => mosaic(5712, 4284).avif({ effort: 0, chromaSubsampling: '4:2:0' })],
  [
    'AVIF, 20 MP, 10 bits',
    'developed',
    () => mosaic(5000, 4000).avif({ effort: 0, bitdepth: 10, chromaSubsampling: '4:2:0' }),
  ],
  ['AVIF, 20 MP, 4:4:4', 'developed', () => mosaic(5000, 4000).avif({ effort: 0 })],
  [
    'AVIF, 13 MP, 12 bits, 4:4:4 with alpha',
    'developed',
    () => mosaic(4000, 3250, 4).avif({ effort: 0, bitdepth: 12, chromaSubsampling: '4:4:4' }),
  ],
  [
    'AVIF, 20 MP, 12 bits, 4:4:4',
    'image-too-large',
    () => mosaic(5000, 4000).avif({ effort: 0, bitdepth: 12 }),
  ],
  [
    'AVIF, 48 MP',
    'image-too-large',
    () => mosaic(8000, 6000).avif({ effort: 0, chromaSubsampling: '4:2:0' }),
  ],
]

/** As phones write it: tiles of 512 × 512, the last of which the picture cuts off. */
const tiledAvif = (height: number, bitdepth: 8 | 10) => () =>
  mosaic(512, 512)
    .avif({ effort: 0, bitdepth, chromaSubsampling: '4:2:0' })
    .toBuffer()
    .then((tile) => gridHeif(tile, { columns: 16, rows: Math.ceil(height / 512), width: 8160, height }))

const HEIC_TILE = new URL('../../../../packages/image-file/src/testing/heic/tile.heic', import.meta.url)

async function tiledHeic(): Promise<Buffer> {
  return gridHeif(await readFile(HEIC_TILE), { columns: 16, rows: 12, width: 8160, height: 6120 })
}

/** Two frames. sharp expects them one above the other. */
const animation = () =>
  mosaic(6000, 14_000)
    .raw()
    .toBuffer()
    .then((data) =>
      sharp(data, { raw: { width: 6000, height: 14_000, channels: 3, pageHeight: 7000 } })
        .webp({ effort: 0, loop: 0, delay: [99, 99] })
        .toBuffer(),
    )

export const ENORMOUS_IMAGES: EnormousImage[] = [
  {
    name: 'JPEG, 24 MP',
    outcome: 'developed',
    make: () => mosaic(6000, 4000).jpeg().toBuffer(),
    megabytes: 250,
  },
  {
    name: 'WebP, 42 MP, animated',
    outcome: 'developed, animation-flattened',
    make: animation,
    megabytes: MAX_MEGABYTES,
  },
  { name: 'AVIF, 50 MP, in tiles', outcome: 'developed', make: tiledAvif(6120, 8), megabytes: MAX_MEGABYTES },
  {
    name: 'AVIF, 36 MP, 10 bits, in tiles',
    outcome: 'developed',
    make: tiledAvif(4400, 10),
    megabytes: MAX_MEGABYTES,
  },
  {
    name: 'AVIF, 50 MP, 10 bits, in tiles',
    outcome: 'image-too-large',
    make: tiledAvif(6120, 10),
    megabytes: MAX_MEGABYTES,
  },
  {
    name: 'HEIC, 50 MP, in tiles',
    outcome: 'developed',
    make: tiledHeic,
    megabytes: MAX_MEGABYTES,
    heicDecoder: 'libheif',
  },
  ...ROWS.map(([name, outcome, make]) => ({
    name,
    outcome,
    make: () => make().toBuffer(),
    megabytes: MAX_MEGABYTES,
  })),
]
