/**
 * `pnpm sheets`: develops a picture in every orientation and in every kind of colors, and takes the two sheets in
 * docs/image-processor anew, in headless Chromium. On the color sheet Chromium shows each original by itself, so that
 * three programs can be compared: Chromium, Darkroom and ImageMagick, where it is installed.
 */

import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { scriptOptions } from '@darkroom/terminal'
import { openBrowser } from '@darkroom/testing'
import sharp, { type Sharp } from 'sharp'
import type {
  DevelopedVariant,
  ImageEngine,
} from '../../services/image-processor/src/engines/image-engine.ts'
import { jimpEngine } from '../../services/image-processor/src/engines/jimp-engine.ts'
import { sharpEngine } from '../../services/image-processor/src/engines/sharp-engine.ts'
import { COLOR_IMAGES } from '../../services/image-processor/src/testing/color-images.ts'
import {
  convertWithImageMagick,
  hasImageMagick,
} from '../../services/image-processor/src/testing/convert-with-imagemagick.ts'
import { psnr, storedFor } from '../../services/image-processor/src/testing/test-images.ts'

scriptOptions(import.meta.filename, {})

const FOLDER = fileURLToPath(new URL('../../docs/image-processor/', import.meta.url))
const SPEC = { name: 'sheet', size: 240, format: 'png', background: '#ffffff' } as const

const html = String.raw
const image = (data: Uint8Array, type: string) =>
  html`<img alt="" src="data:image/${type};base64,${Buffer.from(data).toString('base64')}">`
const cell = (content: string, caption = '') => html`<td>${content}<br>${caption}</td>`

async function developed(engine: ImageEngine, original: Buffer): Promise<DevelopedVariant> {
  const { variants } = await engine.develop(original, [SPEC])
  return variants[0] as DevelopedVariant
}

/** A map of the world: everybody sees whether it is upright, mirrored, or has the wrong colors. */
async function world(): Promise<Sharp> {
  const path = new URL('../../node_modules/three-globe/example/img/earth-blue-marble.jpg', import.meta.url)
  const { data, info } = await sharp(await readFile(path))
    .resize(480)
    .raw()
    .toBuffer({ resolveWithObject: true })
  return sharp(data, { raw: { width: info.width, height: info.height, channels: 3 } })
}

async function orientationRow(picture: Sharp, orientation: number): Promise<string> {
  const original = await storedFor(orientation, picture.clone()).jpeg({ quality: 95 }).toBuffer()
  const stored = await sharp(original).resize(160, 160, { fit: 'inside' }).png().toBuffer()
  const [fast, slow] = [await developed(sharpEngine, original), await developed(jimpEngine, original)]
  return html`<tr><th>${orientation}</th>${cell(image(stored, 'png'))}${cell(image(fast.data, 'png'))}${cell(image(slow.data, 'png'))}</tr>`
}

async function colorRow(picture: Sharp, name: string): Promise<string> {
  const original = (await COLOR_IMAGES[name]?.(picture)) as Buffer
  const ours = await developed(sharpEngine, original)
  const theirs = hasImageMagick ? await convertWithImageMagick(original, ours) : undefined
  return html`<tr><th>${name}</th>${cell(image(original, name.endsWith('JPEG') ? 'jpeg' : 'png'))}${cell(image(ours.data, 'png'))}${theirs ? await comparison(ours, theirs) : ''}</tr>`
}

async function comparison({ data, width, height }: DevelopedVariant, theirs: Buffer): Promise<string> {
  const rgb = await sharp(data).removeAlpha().toColourspace('srgb').raw().toBuffer()
  const picture = await sharp(theirs, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer()
  return cell(image(picture, 'png'), `${psnr(rgb, theirs).toFixed(1)} dB`)
}

function sheet(title: string, columns: string[], rows: string[]): string {
  const headings = columns.map((column) => html`<th>${column}</th>`).join('')
  return html`<!doctype html><html lang="en"><meta charset="utf-8"><title>${title}</title><style>
  body { font: 13px system-ui, sans-serif; margin: 1rem; background: #fff; width: max-content }
  table { border-spacing: .75rem .4rem } img { max-width: 240px; max-height: 160px; vertical-align: middle }
  th { text-align: left; font-weight: 600 } td { text-align: center }</style>
  <h1>${title}</h1><table><tr>${headings}</tr>${rows.join('\n')}</table></html>`
}

async function inOrder<Item>(items: Item[], make: (item: Item) => Promise<string>): Promise<string[]> {
  const rows: string[] = []
  for (const item of items) rows.push(await make(item))
  return rows
}

const picture = await world()
const sheets = {
  orientation: sheet(
    'EXIF orientation',
    ['', 'as stored', 'Darkroom, sharp', 'Darkroom, jimp'],
    await inOrder([1, 2, 3, 4, 5, 6, 7, 8], (orientation) => orientationRow(picture, orientation)),
  ),
  color: sheet(
    'Colors',
    ['', 'original, by Chromium', 'Darkroom, sharp', hasImageMagick ? 'ImageMagick, and how like ours' : ''],
    await inOrder(Object.keys(COLOR_IMAGES), (name) => colorRow(picture, name)),
  ),
}

await mkdir(FOLDER, { recursive: true })
const browser = await openBrowser()
try {
  for (const [name, content] of Object.entries(sheets)) {
    const page = await browser.newPage({ viewport: { width: 900, height: 600 } })
    await page.setContent(content, { waitUntil: 'load' })
    const shot = await page.screenshot({ fullPage: true })
    await writeFile(`${FOLDER}${name}.jpg`, await sharp(shot).jpeg({ quality: 75, mozjpeg: true }).toBuffer())
    console.log(`docs/image-processor/${name}.jpg`)
  }
} finally {
  await browser.close()
}
