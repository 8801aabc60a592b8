/**
 * `pnpm fuzz [--seed N] [--count N]`: damages valid images at random and runs each through the processor's checks and its
 * default engine in its own process. Each must be developed, or refused with a text for its owner, within five seconds and
 * without crashing that process. The same seed generates the same images. If an image fails, its file is kept and the exit
 * code is 1.
 */

import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { scriptOptions } from '@darkroom/terminal'
import { photograph } from '@darkroom/testing/photographs'
import fc from 'fast-check'
import sharp from 'sharp'
import { fourCorners, storedFor } from '../src/testing/test-images.ts'
import { peakMemory } from './process-figures.ts'
import { openPipeline, type Pipeline, type PipelineResult } from './run-pipeline.ts'

const { values: options } = scriptOptions(import.meta.filename, {
  options: { seed: { type: 'string', default: '1' }, count: { type: 'string', default: '1000' } },
})
const CONCURRENCY = 2
/** One in 50 is a photograph of 6 megapixels, which takes ten times as long as the others. */
const IMAGES_PER_PHOTOGRAPH = 50
/** Images that are generated together. More would only take memory. */
const BATCH_SIZE = 500

/** One valid image of each accepted kind, small so that many fit into a minute. */
async function validImages(): Promise<Record<string, Buffer>> {
  const picture = () => fourCorners(64, 48)
  const upright = storedFor(6, picture()).jpeg({ quality: 80 })
  const frames = sharp(await fourCorners(32, 96).raw().toBuffer(), {
    raw: { width: 32, height: 96, channels: 3, pageHeight: 32 },
  })
  return {
    'baseline JPEG': await picture().jpeg().toBuffer(),
    'progressive JPEG': await picture().jpeg({ progressive: true }).toBuffer(),
    'rotated JPEG': await upright.toBuffer(),
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

/** Damages an image. Positions are fractions of its length. */
type Edit = (bytes: Buffer) => Buffer

/** Without the library's bias towards small values, which would hit only the type's signature. */
const position = fc.noBias(fc.nat(999_999)).map((millionths) => millionths / 1_000_000)
const at = (bytes: Buffer, share: number) => Math.floor(share * bytes.length)

/** More often near the start, where headers are. */
const nearStart = fc.oneof(
  { weight: 2, arbitrary: position },
  { weight: 1, arbitrary: position.map((share) => share ** 2) },
)

const edit: fc.Arbitrary<Edit> = fc.oneof(
  fc.tuple(nearStart, fc.nat(255)).map(
    ([share, value]): Edit =>
      (bytes) => {
        bytes[at(bytes, share)] = value
        return bytes
      },
  ),
  fc.tuple(nearStart, fc.nat(7)).map(
    ([share, bit]): Edit =>
      (bytes) => {
        const index = at(bytes, share)
        bytes[index] = (bytes[index] ?? 0) ^ (1 << bit)
        return bytes
      },
  ),
  position.map(
    (share): Edit =>
      (bytes) =>
        bytes.subarray(0, at(bytes, share) + 1),
  ),
  fc.tuple(nearStart, fc.uint8Array({ minLength: 1, maxLength: 40 })).map(
    ([share, more]): Edit =>
      (bytes) => {
        const index = at(bytes, share)
        return Buffer.concat([bytes.subarray(0, index), more, bytes.subarray(index)])
      },
  ),
  fc.tuple(nearStart, nearStart, fc.nat(200)).map(
    ([from, to, length]): Edit =>
      (bytes) => {
        const part = bytes.subarray(at(bytes, from), at(bytes, from) + length)
        return Buffer.concat([bytes.subarray(0, at(bytes, to)), part, bytes.subarray(at(bytes, to))])
      },
  ),
  fc.tuple(nearStart, fc.nat(60)).map(
    ([share, length]): Edit =>
      (bytes) => {
        const index = at(bytes, share)
        return Buffer.concat([bytes.subarray(0, index), bytes.subarray(index + length)])
      },
  ),
  fc.tuple(nearStart, fc.constantFrom(0, 0x7fffffff, 0xffffffff, 65_536)).map(
    ([share, number]): Edit =>
      (bytes) => {
        const index = at(bytes, share)
        if (index + 4 <= bytes.length) bytes.writeUInt32BE(number, index)
        return bytes
      },
  ),
)

interface FuzzResult extends PipelineResult {
  kind: string
  bytes: Buffer
}

/** The last of the valid images is the photograph. */
function* damagedImages(valid: [string, Buffer][], seed: number, count: number): Generator<[string, Buffer]> {
  const small = valid.length - 1
  const kind = fc.oneof(
    { weight: IMAGES_PER_PHOTOGRAPH - 1, arbitrary: fc.nat(small - 1) },
    { weight: 1, arbitrary: fc.constant(small) },
  )
  const damage = fc.tuple(kind, fc.array(edit, { minLength: 1, maxLength: 3 }))
  for (let done = 0; done < count; done += BATCH_SIZE) {
    const numRuns = Math.min(BATCH_SIZE, count - done)
    for (const [index, edits] of fc.sample(damage, { seed: seed * 1_000_003 + done, numRuns })) {
      const [kind, bytes] = valid[index] ?? ['', Buffer.alloc(0)]
      yield [kind, edits.reduce<Buffer>((damaged, change) => change(damaged), Buffer.from(bytes))]
    }
  }
}

async function keep({ kind, bytes, crash, milliseconds }: FuzzResult): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'darkroom-fuzz-'))
  const file = join(folder, 'image.bin')
  await writeFile(file, bytes)
  console.error(`✘ ${kind}, ${Math.round(milliseconds)} ms: ${crash ?? 'too slow'}\n  saved as ${file}`)
}

const count = Number(options.count)
const seed = Number(options.seed)
const valid = Object.entries(await validImages())
const pipelines = Array.from({ length: CONCURRENCY }, openPipeline)
for (const [kind, bytes] of valid) {
  const { result, crash } = await (pipelines[0] as Pipeline).run(bytes)
  if (result !== 'developed') throw new Error(`the undamaged ${kind} is ${result ?? crash}`)
}
console.log(`${count} damaged images of ${valid.length} kinds, seed ${seed} …`)
const started = performance.now()
const results: Record<string, number> = {}
let failures = 0
let slowest: FuzzResult | undefined
const queue = damagedImages(valid, seed, count)
async function processQueue(pipeline: Pipeline): Promise<void> {
  for (const [kind, bytes] of queue) {
    const result: FuzzResult = { kind, bytes, ...(await pipeline.run(bytes)) }
    const name = result.result ?? 'crashed'
    results[name] = (results[name] ?? 0) + 1
    if (!slowest || result.milliseconds > slowest.milliseconds) slowest = result
    if (result.crash === undefined && !result.isSlow) continue
    failures++
    await keep(result)
  }
}
await Promise.all(pipelines.map(processQueue))
for (const [name, number] of Object.entries(results).toSorted(([, a], [, b]) => b - a))
  console.log(`  ${name.padEnd(24)}${String(number).padStart(8)}`)
const seconds = ((performance.now() - started) / 1000).toFixed(0)
const peaks = pipelines.map((pipeline) => peakMemory(pipeline.pid())?.resident ?? Number.NaN)
for (const pipeline of pipelines) pipeline.close()
console.log(
  `${failures} crashed or too slow; ${seconds} s, slowest ${Math.round(slowest?.milliseconds ?? 0)} ms (${slowest?.kind}), peak memory of an engine's process ${Math.round(Math.max(...peaks) / 1e6)} MB`,
)
if (failures > 0) process.exitCode = 1
