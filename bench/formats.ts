/**
 * Compares formats, qualities and efforts on photographs at two sizes: mean CPU time on one core, size, and structural
 * similarity to the encoded pixels (SSIM of the luma; 1 is identical).
 * `node bench/formats.ts [--photos DIR] [--quick]`, about three minutes; --quick skips settings that take seconds per image.
 */

import { readFile } from 'node:fs/promises'
import { formatTable, scriptOptions } from '@darkroom/terminal'
import sharp, { type Sharp } from 'sharp'
import { ssim } from 'ssim.js'
import { photographs } from '../services/image-processor/test/bench-photographs.ts'

sharp.concurrency(1)

const { values: options } = scriptOptions(import.meta.filename, {
  options: { photos: { type: 'string' }, quick: { type: 'boolean', default: false } },
})

interface Encoding {
  title: string
  encode: (image: Sharp) => Sharp
  /** Takes seconds at the larger size. */
  isSlow?: boolean
}

const AVIF_EFFORTS = [0, 1, 2, 3, 4]

const ENCODINGS: Encoding[] = [
  ...[70, 80, 85].map((quality) => ({
    title: `JPEG q${quality}`,
    encode: (image: Sharp) => image.jpeg({ quality, optimiseCoding: false, quantisationTable: 3 }),
  })),
  {
    title: 'JPEG q80, table 0',
    encode: (image) => image.jpeg({ quality: 80, optimiseCoding: false }),
  },
  { title: 'JPEG q80, optimised', encode: (image) => image.jpeg({ quality: 80, quantisationTable: 3 }) },
  { title: 'JPEG q80, mozjpeg', encode: (image) => image.jpeg({ quality: 80, mozjpeg: true }) },
  ...[0, 1, 2, 3, 4, 6].map((effort) => ({
    title: `WebP q75, effort ${effort}`,
    encode: (image: Sharp) => image.webp({ quality: 75, effort }),
  })),
  { title: 'WebP q82, effort 2', encode: (image) => image.webp({ quality: 82, effort: 2 }) },
  ...AVIF_EFFORTS.map((effort) => ({
    title: `AVIF q55, effort ${effort}`,
    encode: (image: Sharp) => image.avif({ quality: 55, effort }),
    isSlow: effort > 2,
  })),
  ...[45, 50, 60].map((quality) => ({
    title: `AVIF q${quality}, effort 2`,
    encode: (image: Sharp) => image.avif({ quality, effort: 2 }),
  })),
  { title: 'PNG', encode: (image) => image.png() },
]

interface Result {
  milliseconds: number
  bytes: number
  similarity: number
}

interface Picture {
  data: Buffer
  width: number
  height: number
}

async function toPicture(path: string, side: number): Promise<Picture> {
  const { data, info } = await sharp(await readFile(path))
    .autoOrient()
    .resize(side, side, { fit: 'inside', withoutEnlargement: true })
    .toColourspace('srgb')
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })
  return { data, width: info.width, height: info.height }
}

async function measure({ data, width, height }: Picture, { encode }: Encoding): Promise<Result> {
  const image = () => encode(sharp(data, { raw: { width, height, channels: 3 } }))
  if (width < 1000) await image().toBuffer() // warm-up
  const before = process.cpuUsage()
  const encoded = await image().toBuffer()
  const { user, system } = process.cpuUsage(before)
  const decoded = await sharp(encoded).raw().toBuffer()
  const similarity = similarityOf(data, decoded, width, height)
  return { milliseconds: (user + system) / 1000, bytes: encoded.length, similarity }
}

function similarityOf(a: Buffer, b: Buffer, width: number, height: number): number {
  return ssim(toImageData(a, width, height), toImageData(b, width, height), { downsample: false }).mssim
}

function toImageData(rgb: Buffer, width: number, height: number) {
  const data = new Uint8ClampedArray(width * height * 4).fill(255)
  for (let from = 0, to = 0; from < rgb.length; from += 3, to += 4) {
    for (let c = 0; c < 3; c++) data[to + c] = rgb[from + c] ?? 0
  }
  return { data, width, height }
}

const mean = (results: Result[], field: keyof Result) =>
  results.reduce((sum, result) => sum + result[field], 0) / results.length

const known = await photographs([3, 12, 16, 24], options.photos)
for (const side of [2048, 320]) {
  const pictures = await Promise.all(known.map(({ path }) => toPicture(path, side)))
  console.log(`\n${side} px, mean of ${pictures.length} photographs`)
  const rows: string[][] = []
  for (const encoding of ENCODINGS) {
    if (options.quick && encoding.isSlow && side > 1000) continue
    const results: Result[] = []
    for (const picture of pictures) results.push(await measure(picture, encoding))
    rows.push([
      encoding.title,
      mean(results, 'milliseconds').toFixed(side > 1000 ? 0 : 1),
      (mean(results, 'bytes') / 1024).toFixed(side > 1000 ? 0 : 1),
      mean(results, 'similarity').toFixed(4),
    ])
  }
  console.log(formatTable(['', 'CPU ms', 'KB', 'SSIM'], rows))
}
