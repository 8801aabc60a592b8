import type { Examined } from './examine.ts'

const STYLE = `body { font: 14px system-ui; margin: 2rem; background: #f3f1ec; display: grid; gap: 1rem;
  grid-template-columns: repeat(auto-fill, minmax(12rem, 1fr)) }
figure { margin: 0; background: #fff; padding: .5rem } img { width: 100%; max-height: 16rem; object-fit: contain }
p { color: #8b1a1a } figcaption { overflow-wrap: anywhere }`

/** A page with the smallest variant of each image, or the reason why there is none. */
export function contactSheet(examined: Examined[]): string {
  const frames = examined.map(frame).join('\n')
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Corpus</title><style>${STYLE}</style>\n${frames}</html>\n`
}

function frame({ name, result, detail, crash, developed }: Examined): string {
  const thumb = developed?.variants[0]
  const picture = thumb
    ? `<img alt="" src="data:image/${thumb.format};base64,${thumb.data.toString('base64')}">`
    : `<p>${escaped(detail ?? String(crash))}</p>`
  const size = developed ? `${developed.width} × ${developed.height}` : (result ?? 'crashed')
  return `<figure>${picture}<figcaption><b>${escaped(name)}</b><br>${size}</figcaption></figure>`
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
