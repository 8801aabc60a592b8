/**
 * `pnpm corpus FOLDER|FILE …`: sends every file through the processor's own checks and its default engine, one after
 * another, and says what became of it. Writes a contact sheet to look at. Exit code 1 says that one had no answer, or
 * none within five seconds.
 */
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { basename, join, relative, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { type Answer, answerTo, SLOWEST_ALLOWED } from './answer-to.ts'

const { positionals } = parseArgs({ allowPositionals: true })
const startedIn = process.env.INIT_CWD ?? '.'
const sheet = join(import.meta.dirname, '..', '..', '..', 'corpus-output', 'contact-sheet.html')

interface Examined extends Answer {
  path: string
  bytes: number
  /** Of the process after it, in megabytes. */
  memory: number
}

async function* filesIn(paths: string[]): AsyncGenerator<string> {
  for (const path of paths) {
    if (!(await stat(path)).isDirectory()) yield path
    else yield* filesIn((await readdir(path)).toSorted().map((name) => join(path, name)))
  }
}

async function examine(path: string): Promise<Examined> {
  const file = await readFile(path)
  const answer = await answerTo(file)
  return { ...answer, path, bytes: file.length, memory: process.memoryUsage.rss() / 1e6 }
}

const isFailure = ({ crash, milliseconds }: Answer) => crash !== undefined || milliseconds > SLOWEST_ALLOWED

function line({ path, bytes, result, detail, crash, developed, milliseconds }: Examined): string {
  const size = developed ? `${developed.width} × ${developed.height}` : (detail ?? String(crash))
  const what = [relative(startedIn, path), `${(bytes / 1000).toFixed(0)} KB`, result ?? 'NO ANSWER', size]
  return `${isFailure({ crash, milliseconds }) ? '✘' : ' '} ${what.join('  ')}  ${milliseconds.toFixed(0)} ms`
}

const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')

function frame({ path, result, detail, crash, developed }: Examined): string {
  const thumb = developed?.variants[0]
  const picture = thumb
    ? `<img alt="" src="data:image/${thumb.spec.format};base64,${thumb.data.toString('base64')}">`
    : `<p>${escaped(detail ?? String(crash))}</p>`
  const size = developed ? `${developed.width} × ${developed.height}` : (result ?? 'no answer')
  return `<figure>${picture}<figcaption><b>${escaped(basename(path))}</b><br>${size}</figcaption></figure>`
}

const STYLE = `body { font: 14px system-ui; margin: 2rem; background: #f3f1ec; display: grid; gap: 1rem;
  grid-template-columns: repeat(auto-fill, minmax(12rem, 1fr)) }
figure { margin: 0; background: #fff; padding: .5rem } img { width: 100% } p { color: #8b1a1a }
figcaption { overflow-wrap: anywhere }`

async function writeSheet(examined: Examined[]): Promise<void> {
  await mkdir(join(sheet, '..'), { recursive: true })
  const frames = examined.map(frame).join('\n')
  await writeFile(
    sheet,
    `<!doctype html><html lang="en"><meta charset="utf-8"><title>Corpus</title><style>${STYLE}</style>\n${frames}</html>\n`,
  )
}

function summary(examined: Examined[]): string {
  const results = Map.groupBy(examined, ({ result }) => result ?? 'no answer')
  const slowest = examined.toSorted((a, b) => b.milliseconds - a.milliseconds)[0]
  const largest = Math.max(...examined.map(({ memory }) => memory))
  const counts = [...results].map(([name, all]) => `${all.length} ${name}`).join(', ')
  return [
    `${examined.length} files: ${counts}`,
    `slowest ${slowest?.milliseconds.toFixed(0)} ms (${basename(slowest?.path ?? '')}), largest memory ${largest.toFixed(0)} MB`,
    `contact sheet: ${relative(startedIn, sheet)}`,
  ].join('\n')
}

const examined: Examined[] = []
for await (const path of filesIn(positionals.map((path) => resolve(startedIn, path)))) {
  const one = await examine(path)
  console.log(line(one))
  // The sheet needs the smallest variant and nothing else.
  if (one.developed) one.developed.variants = one.developed.variants.slice(0, 1)
  examined.push(one)
}
if (examined.length === 0) {
  console.error('Name files or folders with images: pnpm corpus FOLDER …')
  process.exitCode = 1
} else {
  await writeSheet(examined)
  console.log(`\n${summary(examined)}`)
  if (examined.some(isFailure)) process.exitCode = 1
}
