/**
 * `pnpm fuzz [--seed N] [--count N]`: damages sound images at random and sends each through the processor's own checks
 * and its default engine in a process of its own. Each has to be developed, or refused with a reason its owner can read,
 * within five seconds and without bringing that process down.
 * The same seed gives the same images. Exit code 1 says that one did not; it is kept, and named.
 */
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { photograph } from '@darkroom/testing/photographs'
import fc from 'fast-check'
import sharp from 'sharp'
import { fourCorners, storedFor } from '../src/testing/test-images.ts'
import { type Answer, type Answers, openAnswers } from './answer-to.ts'
import { peakMemory } from './process-figures.ts'

const { values: options } = parseArgs({
  options: { seed: { type: 'string', default: '1' }, count: { type: 'string', default: '1000' } },
})
const SIDE_BY_SIDE = 2
/** One in so many is a camera's photograph of 6 megapixels, which takes ten times as long as the others. */
const PHOTOGRAPHS = 50
/** Images made of one seed at once; more would only take memory. */
const BATCH = 500

/** One sound image of each kind that is accepted, small so that many fit into a minute. */
async function soundImages(): Promise<Record<string, Buffer>> {
  const picture = () => fourCorners(64, 48)
  const upright = storedFor(6, picture()).jpeg({ quality: 80 })
  const frames = sharp(await fourCorners(32, 96).raw().toBuffer(), {
    raw: { width: 32, height: 96, channels: 3, pageHeight: 32 },
  })
  return {
    'baseline JPEG': await picture().jpeg().toBuffer(),
    'progressive JPEG': await picture().jpeg({ progressive: true }).toBuffer(),
    'turned JPEG': await upright.toBuffer(),
    'CMYK JPEG': await picture().toColorspace('cmyk').jpeg().toBuffer(),
    PNG: await picture().png().toBuffer(),
    'interlaced PNG': await picture().png({ progressive: true }).toBuffer(),
    'palette PNG': await picture().png({ palette: true }).toBuffer(),
    'transparent PNG': await picture().ensureAlpha(0.5).png().toBuffer(),
    '16-bit PNG': await picture().toColorspace('rgb16').png().toBuffer(),
    WebP: await picture().webp().toBuffer(),
    'lossless WebP': await picture().webp({ lossless: true }).toBuffer(),
    'animated WebP': await frames.clone().webp().toBuffer(),
    GIF: await picture().gif().toBuffer(),
    'animated GIF': await frames.clone().gif().toBuffer(),
    AVIF: await picture().avif({ effort: 2 }).toBuffer(),
    photograph: await photograph('iphone-6-plus'),
  }
}

/** Changes the bytes at a place that is given as a share of the length. */
type Edit = (bytes: Buffer) => Buffer

/** Without the library's liking for the smallest, which is the signature of the type and nothing else. */
const place = fc.noBias(fc.nat(999_999)).map((millionths) => millionths / 1_000_000)
const at = (bytes: Buffer, share: number) => Math.floor(share * bytes.length)

/** Headers lie at the beginning, where damage tells most. */
const near = fc.oneof(
  { weight: 2, arbitrary: place },
  { weight: 1, arbitrary: place.map((share) => share ** 2) },
)

const edit: fc.Arbitrary<Edit> = fc.oneof(
  fc.tuple(near, fc.nat(255)).map(
    ([share, value]): Edit =>
      (bytes) => {
        bytes[at(bytes, share)] = value
        return bytes
      },
  ),
  fc.tuple(near, fc.nat(7)).map(
    ([share, bit]): Edit =>
      (bytes) => {
        const index = at(bytes, share)
        bytes[index] = (bytes[index] ?? 0) ^ (1 << bit)
        return bytes
      },
  ),
  place.map(
    (share): Edit =>
      (bytes) =>
        bytes.subarray(0, at(bytes, share) + 1),
  ),
  fc.tuple(near, fc.uint8Array({ minLength: 1, maxLength: 40 })).map(
    ([share, more]): Edit =>
      (bytes) => {
        const index = at(bytes, share)
        return Buffer.concat([bytes.subarray(0, index), more, bytes.subarray(index)])
      },
  ),
  fc.tuple(near, near, fc.nat(200)).map(
    ([from, to, length]): Edit =>
      (bytes) => {
        const part = bytes.subarray(at(bytes, from), at(bytes, from) + length)
        return Buffer.concat([bytes.subarray(0, at(bytes, to)), part, bytes.subarray(at(bytes, to))])
      },
  ),
  fc.tuple(near, fc.nat(60)).map(
    ([share, length]): Edit =>
      (bytes) => {
        const index = at(bytes, share)
        return Buffer.concat([bytes.subarray(0, index), bytes.subarray(index + length)])
      },
  ),
  fc.tuple(near, fc.constantFrom(0, 0x7fffffff, 0xffffffff, 65_536)).map(
    ([share, number]): Edit =>
      (bytes) => {
        const index = at(bytes, share)
        if (index + 4 <= bytes.length) bytes.writeUInt32BE(number, index)
        return bytes
      },
  ),
)

interface Outcome extends Answer {
  kind: string
  bytes: Buffer
}

/** The last of the sound ones is the photograph. */
function* damagedImages(sound: [string, Buffer][], seed: number, count: number): Generator<[string, Buffer]> {
  const small = sound.length - 1
  const kind = fc.oneof(
    { weight: PHOTOGRAPHS - 1, arbitrary: fc.nat(small - 1) },
    { weight: 1, arbitrary: fc.constant(small) },
  )
  const damage = fc.tuple(kind, fc.array(edit, { minLength: 1, maxLength: 3 }))
  for (let done = 0; done < count; done += BATCH) {
    const numRuns = Math.min(BATCH, count - done)
    for (const [index, edits] of fc.sample(damage, { seed: seed * 1_000_003 + done, numRuns })) {
      const [kind, bytes] = sound[index] ?? ['', Buffer.alloc(0)]
      yield [kind, edits.reduce<Buffer>((damaged, change) => change(damaged), Buffer.from(bytes))]
    }
  }
}

async function keep({ kind, bytes, crash, milliseconds }: Outcome): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'darkroom-fuzz-'))
  const file = join(folder, 'image.bin')
  await writeFile(file, bytes)
  console.error(`✘ ${kind}, ${Math.round(milliseconds)} ms: ${crash ?? 'too slow'}\n  kept as ${file}`)
}

const count = Number(options.count)
const seed = Number(options.seed)
const sound = Object.entries(await soundImages())
const engines = Array.from({ length: SIDE_BY_SIDE }, openAnswers)
for (const [kind, bytes] of sound) {
  const { result, crash } = await (engines[0] as Answers).to(bytes)
  if (result !== 'developed') throw new Error(`the sound ${kind} is ${result ?? crash}`)
}
console.log(`${count} damaged images of ${sound.length} kinds, seed ${seed} …`)
const began = performance.now()
const results: Record<string, number> = {}
let failures = 0
let slowest: Outcome | undefined
const waiting = damagedImages(sound, seed, count)
async function processNext(answers: Answers): Promise<void> {
  for (const [kind, bytes] of waiting) {
    const outcome: Outcome = { kind, bytes, ...(await answers.to(bytes)) }
    const name = outcome.result ?? 'no answer'
    results[name] = (results[name] ?? 0) + 1
    if (!slowest || outcome.milliseconds > slowest.milliseconds) slowest = outcome
    if (outcome.crash === undefined && !outcome.isSlow) continue
    failures++
    await keep(outcome)
  }
}
await Promise.all(engines.map(processNext))
for (const [name, number] of Object.entries(results).toSorted(([, a], [, b]) => b - a))
  console.log(`  ${name.padEnd(24)}${String(number).padStart(8)}`)
const seconds = ((performance.now() - began) / 1000).toFixed(0)
const peaks = engines.map((answers) => peakMemory(answers.pid())?.resident ?? Number.NaN)
for (const answers of engines) answers.close()
console.log(
  `${failures} without an answer in time; ${seconds} s, slowest ${Math.round(slowest?.milliseconds ?? 0)} ms (${slowest?.kind}), peak memory of an engine's process ${Math.round(Math.max(...peaks) / 1e6)} MB`,
)
if (failures > 0) process.exitCode = 1
