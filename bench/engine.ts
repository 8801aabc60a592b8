/**
 * Measures the cost of one image: our pipeline, jimp, and typical code with sharp, on the same photographs in the
 * same run. `pnpm bench:engine [--photos DIR] [--rounds N]`, about a minute.
 *
 * `pnpm bench:engine --against CHECKOUT` compares our pipeline with that of another commit: `git worktree add CHECKOUT COMMIT`, and
 * `pnpm install` there. The two take turns (`--turns N`, 5), each time in new processes, so that a change of the machine's load meets both.
 */

import { execFile } from 'node:child_process'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { formatTable, scriptOptions } from '@darkroom/terminal'
import { type Photograph, photographs } from '../services/image-processor/test/bench-photographs.ts'
import { type CodecTimes, missingPrograms, timeCodecs } from './c-codecs.ts'
import type { Measurement } from './engine-peer.ts'

const { values: options } = scriptOptions(import.meta.filename, {
  options: {
    photos: { type: 'string' },
    rounds: { type: 'string', default: '9' },
    against: { type: 'string' },
    turns: { type: 'string', default: '5' },
  },
})
const rounds = Number(options.rounds)

/** Megapixels of a screenshot, an old phone, a phone and a camera. */
const SIZES = [0.3, 3, 12, 24]

interface Peer {
  name: string
  title: string
  /** Few for jimp, because one takes seconds. Small images have as many as the other peers, so that its code gets compiled. */
  rounds: (photograph: Photograph) => number
  environment?: Record<string, string>
}

const PEERS: [Peer, ...Peer[]] = [
  /** As deployed: with one arena, malloc returns memory between images. */
  {
    name: 'darkroom',
    title: 'Darkroom (sharp)',
    rounds: () => rounds,
    environment: { MALLOC_ARENA_MAX: '1' },
  },
  { name: 'typical', title: 'sharp, as usually written', rounds: () => Math.ceil(rounds / 2) },
  {
    name: 'jimp',
    title: 'Darkroom (jimp)',
    rounds: ({ megapixels }) => (megapixels < 1 ? rounds : Math.min(rounds, 2)),
  },
  { name: 'decode', title: 'decoding alone, full size', rounds: () => Math.ceil(rounds / 2) },
]

const run = promisify(execFile)

const HERE = fileURLToPath(new URL('..', import.meta.url))

async function measure(peer: Peer, photograph: Photograph, checkout = HERE): Promise<Measurement> {
  const script = resolve(checkout, 'bench', 'engine-peer.ts')
  const { stdout } = await run(
    process.execPath,
    [script, peer.name, photograph.path, String(peer.rounds(photograph))],
    {
      env: { ...process.env, ...peer.environment },
    },
  )
  return JSON.parse(stdout)
}

const COLUMNS = ['', 'CPU ms', '× ours', 'images/s', 'peak MB', 'KB out', 'ours takes']

function report({ name, title }: Peer, measured: Measurement, ours: Measurement): string[] {
  const { cpuMs, peakMb, bytesOut } = measured
  return [
    title,
    cpuMs.toFixed(0),
    (cpuMs / ours.cpuMs).toFixed(2),
    (1000 / cpuMs).toFixed(1),
    peakMb.toFixed(0),
    name === 'decode' ? '' : (bytesOut / 1024).toFixed(0),
    '',
  ]
}

/** Compares our pipeline with C programs that only decode and encode. */
function reportCodecs({ wholeMs, scaledMs, bytesOut }: CodecTimes, ours: Measurement): string[][] {
  const row = (title: string, ms: number) => [
    title,
    ms.toFixed(0),
    (ms / ours.cpuMs).toFixed(2),
    '',
    '',
    (bytesOut / 1024).toFixed(0),
    `${(ours.cpuMs / ms).toFixed(2)} × that`,
  ]
  return [row('C decoder + C encoders', wholeMs), row('  decoding scaled, as ours', scaledMs)]
}

const median = (values: number[]) =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN

/** One turn of each, in changing order, is a pair. */
async function compare(photograph: Photograph, other: string): Promise<string[]> {
  const [darkroom] = PEERS
  const pairs: { here: Measurement; there: Measurement }[] = []
  for (let turn = 0; turn < Number(options.turns); turn++) {
    const order = turn % 2 === 0 ? [HERE, other] : [other, HERE]
    const measured = new Map<string, Measurement>()
    for (const checkout of order) measured.set(checkout, await measure(darkroom, photograph, checkout))
    const [here, there] = [measured.get(HERE), measured.get(other)]
    if (here && there) pairs.push({ here, there })
  }
  const ratios = pairs.map(({ here, there }) => here.cpuMs / there.cpuMs)
  const best = (side: 'here' | 'there') => Math.min(...pairs.map((pair) => pair[side].cpuMs))
  return [
    `${photograph.megapixels.toFixed(1)} MP (${photograph.name})`,
    best('there').toFixed(0),
    best('here').toFixed(0),
    (best('here') / best('there')).toFixed(2),
    median(ratios).toFixed(2),
    `${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)}`,
  ]
}

if (options.against) {
  const rows = []
  for (const photograph of await photographs(SIZES, options.photos))
    rows.push(await compare(photograph, resolve(process.env.INIT_CWD ?? '.', options.against)))
  console.log(`User and system time of one image, in ms: ${options.turns} pairs, each of ${rounds} images.`)
  console.log(formatTable(['', 'there', 'here', 'of the best', 'median of pairs', 'from – to'], rows))
  process.exit()
}

const missing = await missingPrograms()
if (missing.length > 0) {
  console.log(
    `C's codecs are not measured, because ${missing.join(', ')} is missing (apt-get install libjpeg-turbo-progs webp).`,
  )
}
console.log('2048 px JPEG, 1024 px JPEG, 320 px WebP, EXIF, ThumbHash, dominant color, perceptual hash.')
console.log('Medians of CPU time on one core; each peer and photograph runs in its own process.')
for (const photograph of await photographs(SIZES, options.photos)) {
  console.log(`\n${photograph.megapixels.toFixed(1)} megapixels (${photograph.name})`)
  const [darkroom, ...others] = PEERS
  const ours = await measure(darkroom, photograph)
  // Directly one after the other, because these two are compared and the machine's load can change.
  const codecs = missing.length === 0 ? await timeCodecs(photograph.path, rounds) : undefined
  const rows = [report(darkroom, ours, ours), ...(codecs ? reportCodecs(codecs, ours) : [])]
  for (const peer of others) rows.push(report(peer, await measure(peer, photograph), ours))
  console.log(formatTable(COLUMNS, rows))
}
