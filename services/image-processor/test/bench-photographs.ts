import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { photographPath } from '@darkroom/testing/photographs'
import sharp from 'sharp'

export interface Photograph {
  path: string
  name: string
  megapixels: number
}

const FROM_NPM = ['iphone-6-plus', 'xiaomi-mi3', 'sony-a6000', 'blue-marble', 'earth-by-day'] as const

/**
 * A photograph of about each size in megapixels, from `directory` or from npm packages. If no photograph has a similar size,
 * the largest is scaled.
 */
export async function photographs(sizes: number[], directory?: string): Promise<Photograph[]> {
  const known = await Promise.all((await pathsIn(directory)).map(measure))
  const scaledInto = join(tmpdir(), 'darkroom-bench-photographs')
  await mkdir(scaledInto, { recursive: true })
  return Promise.all(sizes.map((size) => nearest(known, size) ?? scale(largest(known), size, scaledInto)))
}

async function pathsIn(directory?: string): Promise<string[]> {
  if (!directory) return FROM_NPM.map(photographPath)
  const names = (await readdir(directory)).filter((name) => /\.jpe?g$/i.test(name)).sort()
  if (names.length === 0) throw new Error(`no JPEG in ${directory}`)
  return names.map((name) => join(directory, name))
}

async function measure(path: string): Promise<Photograph> {
  const { width, height } = await sharp(path).metadata()
  return { path, name: path.slice(path.lastIndexOf('/') + 1), megapixels: (width * height) / 1e6 }
}

function nearest(known: Photograph[], size: number): Photograph | undefined {
  const distance = ({ megapixels }: Photograph) => Math.abs(Math.log(megapixels / size))
  return known.filter((one) => distance(one) < Math.log(1.3)).sort((a, b) => distance(a) - distance(b))[0]
}

function largest(known: Photograph[]): Photograph {
  return known.reduce((a, b) => (b.megapixels > a.megapixels ? b : a))
}

async function scale(from: Photograph, size: number, into: string): Promise<Photograph> {
  const { width } = await sharp(from.path).metadata()
  const scaled = await sharp(await readFile(from.path))
    .resize({ width: Math.round(width * Math.sqrt(size / from.megapixels)) })
    .keepExif()
    .keepIccProfile()
    .jpeg({ quality: 90 })
    .toBuffer()
  const path = join(into, `${size}-mp.jpg`)
  await writeFile(path, scaled)
  return { ...(await measure(path)), name: `${from.name}, scaled` }
}
