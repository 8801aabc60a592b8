import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ImageStatus } from '@darkroom/core'
import { cameraOf, formatBytes } from '@darkroom/page/format'
import type { Outcome } from './develop-photograph.ts'
import { type SavedVariant, saveVariants } from './save-variants.ts'

/**
 * Writes `contact-sheet.html` and the variants next to it, so that it also works when the stack has stopped.
 *
 * @returns the path of the page
 */
export async function writeContactSheet(outcomes: Outcome[], folder: string): Promise<string> {
  const frames = await Promise.all(outcomes.map((outcome) => toFrame(outcome, folder)))
  const failed = outcomes.filter(({ problem }) => problem)
  const page = join(folder, 'contact-sheet.html')
  await writeFile(
    page,
    html`${PAGE_START}${toHeader(outcomes)}<main>${frames.join('\n')}</main>${toFailures(failed)}${PAGE_END}`,
  )
  return page
}

async function toFrame(
  { image, photograph, way, bytes, milliseconds }: Outcome,
  folder: string,
): Promise<string> {
  if (image?.status !== 'processed') return ''
  const variants = await saveVariants(image, folder)
  const { width = 4, height = 3 } = variants[0] ?? {}
  const { dominantColor = '#888' } = image.placeholder ?? {}
  const name = escapeHtml(photograph.name)
  return html`<figure style="--ratio: ${(width / height).toFixed(4)}; --tone: ${dominantColor}">
  <a href="${largest(variants)?.file ?? ''}">${toPicture(variants, name)}</a>
  <figcaption>
    <h2 dir="auto">${name}</h2>
    ${toCamera(image.exif)}
    <details>
      <summary>${String(variants.length)} variants</summary>
      <ul>${variants.map(toVariantItem).join('')}</ul>
      <p>Original: ${toOriginal(image, bytes)}, sent over ${way}, ready in ${(milliseconds / 1000).toFixed(1)} s.</p>
    </details>
  </figcaption>
</figure>`
}

function toPicture(variants: SavedVariant[], name: string): string {
  const sources = variants.map(({ file, width }) => `${file} ${width}w`).join(', ')
  const [first] = variants
  return html`<img src="${first?.file ?? ''}" srcset="${sources}" sizes="(max-width: 40rem) 100vw, 40rem" alt="${name}"
    width="${String(first?.width ?? 0)}" height="${String(first?.height ?? 0)}">`
}

function toVariantItem({ name, file, width, height, bytes, contentType }: SavedVariant): string {
  const format = contentType.replace('image/', '').toUpperCase()
  return html`<li><a href="${file}">${name}</a> <span>${width} × ${height}</span> <span>${format}</span> <b>${formatBytes(bytes)}</b></li>`
}

function toOriginal({ original }: ImageStatus, bytes: number): string {
  const size = original.width ? `${original.width} × ${original.height}, ` : ''
  return `${size}${formatBytes(bytes)}`
}

function toCamera(exif: ImageStatus['exif']): string {
  const parts = [cameraOf(exif ?? {}), exif?.takenAt?.slice(0, 10)].filter(Boolean)
  return parts.length > 0 ? html`<p>${escapeHtml(parts.join(' · '))}</p>` : ''
}

/** After the pictures: what was not processed, and what to do. */
function toFailures(failed: Outcome[]): string {
  if (failed.length === 0) return ''
  const items = failed.map(
    ({ photograph, problem = '' }) =>
      html`<dt>${escapeHtml(photograph.name)}</dt><dd>${escapeHtml(problem)}</dd>`,
  )
  return html`<section aria-labelledby="not-processed"><h2 id="not-processed">Not processed</h2><dl>${items.join('')}</dl></section>`
}

function toHeader(outcomes: Outcome[]): string {
  const processed = outcomes.filter(({ image }) => image?.status === 'processed').length
  const day = new Date().toISOString().slice(0, 10)
  return html`<header><h1>Contact sheet</h1><p>${String(processed)} ${processed === 1 ? 'photograph' : 'photographs'}, ${day}</p></header>`
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

/** Rows of pictures of one height: each is as wide as its shape asks for, and grows with the row. */
const PAGE_START = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Contact sheet · Darkroom</title>
<style>
  :root { color-scheme: light dark; --paper: light-dark(#faf8f5, #14110f); --ink: light-dark(#221d19, #f3ede6);
    --soft: light-dark(#6d645b, #a89d92); --line: light-dark(#e2dcd4, #332d28); --lamp: light-dark(#b3301a, #ff7d63); --row: 15rem }
  * { box-sizing: border-box; margin: 0 }
  body { background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; padding: clamp(1rem, 3vw, 3rem) }
  header { display: flex; flex-wrap: wrap; align-items: baseline; justify-content: space-between; gap: .25rem 1.25rem; margin-bottom: 1.25rem }
  h1 { font-size: 1.5rem; font-weight: 650; letter-spacing: -.015em }
  header p, figcaption p, summary, li span { color: var(--soft) }
  main { display: flex; flex-wrap: wrap; gap: 1.5rem 1rem; align-items: flex-start }
  main::after { content: ""; flex: 1000 0 0 }
  figure { --width: min(var(--ratio), 3); flex: var(--width) 1 calc(var(--width) * var(--row)); min-width: 11rem; max-width: calc(var(--width) * 26rem) }
  figure a { display: block; border-radius: .35rem; outline-offset: 3px }
  img { display: block; width: 100%; height: auto; max-height: 32rem; object-fit: contain; aspect-ratio: var(--ratio); border-radius: inherit; background: var(--tone); box-shadow: 0 1px 3px #0003 }
  figcaption { padding-top: .55rem; font-size: .85rem }
  h2 { font-size: .95rem; font-weight: 600; overflow-wrap: anywhere }
  summary { cursor: pointer; width: fit-content }
  ul { list-style: none; padding: 0; margin: .35rem 0; font-variant-numeric: tabular-nums }
  li { display: flex; flex-wrap: wrap; gap: 0 .75rem; padding: .2rem 0; border-top: 1px solid var(--line) }
  li b { margin-left: auto; font-weight: 600 }
  li a { color: var(--lamp); text-underline-offset: .15em }
  :focus-visible { outline: 2px solid var(--lamp) }
  section { margin-top: 2.5rem; padding-top: 1rem; border-top: 1px solid var(--line); max-width: 45rem }
  dt { margin-top: .6rem; font-weight: 600; overflow-wrap: anywhere }
  dd { color: var(--lamp) }
  @media print { :root { --row: 9rem } figure { break-inside: avoid } details { display: none } }
</style>
`
const PAGE_END = '</html>\n'
