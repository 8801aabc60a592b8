import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Outcome } from './develop-photograph.ts'
import { kilobytes } from './results-table.ts'
import { type SavedVariant, saveVariants } from './save-variants.ts'

/**
 * Writes `contact-sheet.html` and the variants next to it, so that it also works when the stack has stopped.
 *
 * @returns the path of the page
 */
export async function writeContactSheet(outcomes: Outcome[], folder: string): Promise<string> {
  const frames = await Promise.all(outcomes.map((outcome) => toFrame(outcome, folder)))
  const page = join(folder, 'contact-sheet.html')
  await writeFile(page, html`${PAGE_START}${toSummary(outcomes)}<main>${frames.join('\n')}</main>${PAGE_END}`)
  return page
}

async function toFrame(outcome: Outcome, folder: string): Promise<string> {
  const { image, photograph, way, bytes, milliseconds } = outcome
  if (image?.status !== 'processed') return toFailedFrame(outcome)
  const variants = await saveVariants(image, folder)
  const { width, height } = image.original
  const { dominantColor = '#888' } = image.placeholder ?? {}
  return html`<figure style="--tone: ${dominantColor}">
  <a class="picture" href="${largest(variants)?.file ?? ''}">${toPicture(variants, photograph.name)}</a>
  <figcaption>
    <h2>${escapeHtml(photograph.name)}</h2>
    <p class="facts">${width} × ${height} · ${kilobytes(bytes)} · ${way}, ready in ${(milliseconds / 1000).toFixed(2)} s</p>
    ${toCamera(image.exif)}
    <ul>${variants.map(toVariantItem).join('')}</ul>
    <p class="tones"><span class="swatch"></span>${dominantColor}<span class="hash">pHash ${image.perceptualHash ?? ''}</span></p>
  </figcaption>
</figure>`
}

function toPicture(variants: SavedVariant[], name: string): string {
  const sources = variants.map(({ file, width }) => `${file} ${width}w`).join(', ')
  const [first] = variants
  return html`<img src="${first?.file ?? ''}" srcset="${sources}" sizes="(max-width: 40rem) 100vw, 24rem" alt="${escapeHtml(name)}"
    width="${String(first?.width ?? 0)}" height="${String(first?.height ?? 0)}">`
}

function toVariantItem({ name, file, width, height, bytes, contentType }: SavedVariant): string {
  const format = contentType.replace('image/', '').toUpperCase()
  return html`<li><a href="${file}">${name}</a> <span>${width} × ${height}</span> <span>${format}</span> <b>${kilobytes(bytes)}</b></li>`
}

function toCamera(
  exif:
    | { cameraMake?: string | undefined; cameraModel?: string | undefined; takenAt?: string | undefined }
    | undefined,
): string {
  const { cameraMake = '', cameraModel = '' } = exif ?? {}
  const camera = cameraModel.startsWith(cameraMake) ? cameraModel : `${cameraMake} ${cameraModel}`
  const parts = [camera.trim(), exif?.takenAt?.replace('T', ' ')].filter(Boolean)
  return parts.length > 0 ? html`<p class="facts">${escapeHtml(parts.join(' · '))}</p>` : ''
}

function toFailedFrame({ photograph, bytes, problem }: Outcome): string {
  return html`<figure class="failed">
  <div class="picture"><span>not developed</span></div>
  <figcaption>
    <h2>${escapeHtml(photograph.name)}</h2>
    <p class="facts">${kilobytes(bytes)}</p>
    <p class="problem">${escapeHtml(problem ?? '')}</p>
  </figcaption>
</figure>`
}

function toSummary(outcomes: Outcome[]): string {
  const processed = outcomes.filter(({ image }) => image?.status === 'processed').length
  const failed = outcomes.length - processed
  const day = new Date().toISOString().slice(0, 10)
  return html`<header><h1>Contact sheet</h1><p>${processed} developed${failed > 0 ? `, ${failed} failed` : ''} · ${day} · Darkroom</p></header>`
}

function largest(variants: SavedVariant[]): SavedVariant | undefined {
  return variants.toSorted((a, b) => b.width - a.width)[0]
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

/** A tag for syntax highlighting in editors. */
function html(strings: TemplateStringsArray, ...values: unknown[]): string {
  return String.raw({ raw: strings }, ...values)
}

const PAGE_START = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Contact sheet · Darkroom</title>
<style>
  :root { color-scheme: dark; --paper: #14110f; --card: #1e1a17; --ink: #f3ede6; --soft: #a89d92; --line: #332d28; --lamp: #ff6a4d }
  * { box-sizing: border-box; margin: 0 }
  body { background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; padding: clamp(1rem, 3vw, 2.5rem) }
  header { display: flex; flex-wrap: wrap; align-items: baseline; gap: .25rem 1.25rem; margin-bottom: 1.5rem }
  h1 { font-size: 1.6rem; font-weight: 650; letter-spacing: -.01em }
  header p, .facts { color: var(--soft) }
  main { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 20rem), 1fr)); gap: 1.25rem; align-items: start }
  figure { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; overflow: hidden }
  .picture { display: block; aspect-ratio: 4 / 3; background: var(--tone, #000) }
  .picture img { display: block; width: 100%; height: 100%; object-fit: contain; background: color-mix(in srgb, var(--tone) 30%, #000) }
  figcaption { padding: .9rem 1rem 1rem }
  h2 { font-size: 1rem; font-weight: 600; overflow-wrap: anywhere }
  .facts { font-size: .85rem }
  ul { list-style: none; padding: 0; margin: .6rem 0; font-size: .85rem; font-variant-numeric: tabular-nums }
  li { display: grid; grid-template-columns: 4.5rem 1fr 3rem 4.5rem; gap: .5rem; padding: .2rem 0; border-top: 1px solid var(--line) }
  li span { color: var(--soft) }
  li b { text-align: right }
  a { color: var(--lamp); text-underline-offset: .15em }
  a:focus-visible { outline: 2px solid var(--lamp); outline-offset: 2px }
  .tones { display: flex; align-items: center; gap: .5rem; font: .75rem ui-monospace, monospace; color: var(--soft) }
  .swatch { width: 1rem; height: 1rem; border-radius: 50%; background: var(--tone); border: 1px solid var(--line) }
  .hash { margin-left: auto }
  .failed { border-color: #7a2e22 }
  .failed .picture { display: grid; place-items: center; background: #2a1512; color: var(--lamp) }
  .problem { margin-top: .5rem; color: #ffb3a3 }
</style>
`
const PAGE_END = '</html>\n'
