/**
 * Starts `pnpm dev` on free ports with an empty folder, again and again: time until it is ready, processor time, the longest time
 * between two lines. Then, in the last one, saves a file of each kind without a change: time until the last line about it.
 * `pnpm bench:start [--starts 10] [--saves 3]`
 */
import { readdirSync } from 'node:fs'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { formatTable, scriptOptions } from '@darkroom/terminal'
import { percentile } from './percentile-table.ts'
import { stackProcessorMs } from './stack-processes.ts'
import { type DevStack, startDev } from './start-dev.ts'

const { values: options } = scriptOptions(import.meta.filename, {
  options: { starts: { type: 'string', default: '10' }, saves: { type: 'string', default: '3' } },
})

const root = fileURLToPath(new URL('..', import.meta.url))

/** Of each kind, and one of each package. */
const SAVED = [
  'services/upload-api/src/environment.ts',
  'services/image-processor/src/environment.ts',
  ...readdirSync(join(root, 'packages')).map((name) => anySource(`packages/${name}/src`)),
  'apps/web-app-1/src/start-web-app-1.ts',
  'apps/web-app-2/src/start-web-app-2.ts',
  'apps/dashboard/src/figures.ts',
  'apps.json',
  'services/upload-api/serverless.yml',
  anySource('apps/web-app-1/page'),
  'apps/web-app-1/page/loupe.css',
  'apps/web-app-1/page/index.html',
  anySource('apps/web-app-2/page'),
  anySource('apps/dashboard/page'),
]

/** Where lines about one change can follow each other: a package that services and pages use. */
const QUIET_MS = 1_500
const TIMEOUT_MS = 30_000

type Sample = Record<string, number>

function anySource(folder: string): string {
  const sources = readdirSync(join(root, folder)).filter((name) => /^[\w-]+\.ts$/.test(name))
  return join(folder, sources.find((name) => name === 'index.ts') ?? sources[0] ?? '')
}

/** When each line came; `performance.now()`. */
interface Line {
  text: string
  at: number
}

async function start(lines: Line[]): Promise<{ stack: DevStack; sample: Sample }> {
  const startedAt = performance.now()
  const stack = await startDev((text) => lines.push({ text, at: performance.now() }))
  const times = [startedAt, ...lines.map(({ at }) => at)]
  const silences = times.slice(1).map((at, n) => at - (times[n] ?? at))
  const sample = {
    'ready after': (times.at(-1) ?? startedAt) - startedAt,
    'longest silence': Math.max(...silences),
    'processor time': await stackProcessorMs(stack.pid),
  }
  return { stack, sample }
}

/** Writes the same bytes, in one step. */
async function save(path: string): Promise<void> {
  const draft = join(root, dirname(path), `.${basename(path)}.draft`)
  await writeFile(draft, await readFile(join(root, path)))
  await rename(draft, join(root, path))
}

async function reload(stack: DevStack, lines: Line[], path: string): Promise<Sample> {
  const [before, processorMs, savedAt] = [lines.length, await stackProcessorMs(stack.pid), performance.now()]
  await save(path)
  const about = () => lines.slice(before).filter(({ text }) => text.includes(`${basename(path)} has changed`))
  for (;;) {
    const now = performance.now()
    const last = about().at(-1)
    if (last && now - last.at > QUIET_MS) {
      console.log(
        about()
          .map(({ text }) => text)
          .join('\n'),
      )
      return { effective: last.at - savedAt, processor: (await stackProcessorMs(stack.pid)) - processorMs }
    }
    if (now - savedAt > TIMEOUT_MS) throw new Error(`Nothing is said about a change of ${path}`)
    await wait(50)
  }
}

const seconds = (milliseconds: number) => `${(milliseconds / 1000).toFixed(2)} s`

function cells(samples: Sample[], name: string): string[] {
  const values = samples.map((sample) => sample[name] ?? Number.NaN)
  return [Math.min(...values), percentile(values, 0.5), Math.max(...values)].map(seconds)
}

async function measureSaves(stack: DevStack, lines: Line[]): Promise<string[][]> {
  const rows: string[][] = []
  for (const path of SAVED) {
    const saves: Sample[] = []
    for (let n = 0; n < Number(options.saves); n++) saves.push(await reload(stack, lines, path))
    rows.push([path, ...cells(saves, 'effective'), ...cells(saves, 'processor').slice(1)])
  }
  return rows
}

const samples: Sample[] = []
const starts = Number(options.starts)
for (let n = 1; n <= starts; n++) {
  const lines: Line[] = []
  const { stack, sample } = await start(lines)
  samples.push(sample)
  try {
    if (n < starts) continue
    const rows = Object.keys(sample).map((name) => [name, ...cells(samples, name)])
    console.log(formatTable([`${starts} starts`, 'min', 'median', 'max'], rows))
    if (options.saves === '0') continue
    const saved = await measureSaves(stack, lines)
    console.log(formatTable(['saved', 'min', 'median', 'max', 'processor time', 'max'], saved, 120))
  } finally {
    await stack.stop()
  }
}
