/**
 * `pnpm corpus [--jobs N] FOLDER|FILE …` and `pnpm corpus --hostile`: runs files through the processor's checks and its
 * default engine, one by one or in N engine processes, prints the results and writes a contact sheet. `--hostile` uses the tests' table of hostile images,
 * files of millions of parts, and the largest accepted images. Exit code 1: an image crashed the engine, took longer than five seconds, had another result
 * than expected, or took too much memory. Where `djpeg` or Python's Pillow is installed, it prints where they disagree about
 * damage and pixels.
 */

import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import type { HeicDecoder } from '@darkroom/core'
import { scriptOptions, stop } from '@darkroom/terminal'
import { contactSheet } from './corpus/contact-sheet.ts'
import { type Examined, examine, type Weights } from './corpus/examine.ts'
import { type Likeness, openOtherDecoders } from './corpus/other-decoders.ts'
import { hostileSpecimens, type Specimen, specimensIn } from './corpus/specimen.ts'
import { openPipeline } from './run-pipeline.ts'

const startedIn = process.env.INIT_CWD ?? '.'
const sheet = join(import.meta.dirname, '..', '..', '..', 'corpus-output', 'contact-sheet.html')

/** Of two decoders' pictures at 320 pixels. Other filters, and the loss of the variant, stay within these. */
const MIN_SSIM = 0.9
const MAX_FAR = 0.02

const isUnlike = ({ ssim, far }: Likeness) => ssim < MIN_SSIM || far > MAX_FAR

function line({
  name,
  bytes,
  result,
  detail,
  developed,
  milliseconds,
  memory,
  complaints,
  disagreement,
  likeness,
  heavier,
}: Examined): string {
  const size = developed
    ? [`${developed.width} × ${developed.height}`, ...developed.warnings].join(', ')
    : (detail ?? '')
  const cost = `${milliseconds.toFixed(0)} ms${memory === undefined ? '' : ` ${memory.toFixed(0)} MB`}`
  const differs =
    likeness &&
    isUnlike(likeness) &&
    `SSIM ${likeness.ssim.toFixed(2)}, ${(100 * likeness.far).toFixed(0)} % of the pixels far from Pillow's`
  const what = [
    name,
    `${(bytes / 1000).toFixed(0)} KB`,
    result ?? 'CRASHED',
    size,
    cost,
    disagreement,
    differs,
    heavier.length > 0 && `heavier: ${heavier.join(', ')}`,
  ]
  return [
    complaints.length > 0 ? '✘' : ' ',
    what.filter(Boolean).join('  '),
    ...complaints.map((text) => `  ← ${text}`),
  ].join(' ')
}

function summary(examined: Examined[]): string {
  const results = Map.groupBy(examined, ({ result }) => result ?? 'crashed')
  const counts = [...results].toSorted(([, a], [, b]) => b.length - a.length)
  const slowest = examined.toSorted((a, b) => b.milliseconds - a.milliseconds)[0]
  const largest = examined.toSorted((a, b) => (b.memory ?? 0) - (a.memory ?? 0))[0]
  const warnings = Map.groupBy(
    examined.flatMap(({ developed }) => developed?.warnings ?? []),
    (warning) => warning,
  )
  const failed = examined.filter(({ complaints }) => complaints.length > 0).length
  const total = (count: keyof Weights) => examined.reduce((sum, { weights }) => sum + weights[count], 0)
  return [
    `${examined.length} files: ${counts.map(([name, all]) => `${all.length} ${name}`).join(', ')}`,
    warnings.size > 0 &&
      `warnings: ${[...warnings].map(([name, all]) => `${all.length} ${name}`).join(', ')}`,
    `slowest ${slowest?.milliseconds.toFixed(0)} ms (${slowest?.name})`,
    largest?.memory && `most memory of both processes ${largest.memory.toFixed(0)} MB (${largest.name})`,
    `${total('heavierThanOriginal')} of ${total('variants')} variants are heavier than their original, ${total('heavierAtSameSize')} of them have its size, ${total('heavierInSameFormat')} of these could have its format`,
    ...comparisons(examined),
    `contact sheet: ${relative(startedIn, sheet)}`,
    failed > 0 ? `${failed} failed, see ✘` : 'no failures',
  ]
    .filter(Boolean)
    .join('\n')
}

function comparisons(examined: Examined[]): string[] {
  const disagreements = examined.filter(({ disagreement }) => disagreement).length
  const compared = examined.flatMap(({ likeness }) => likeness ?? [])
  return [
    `${disagreements} disagreements with djpeg about damage`,
    `${compared.filter(isUnlike).length} of ${compared.length} pictures differ from Pillow's (SSIM under ${MIN_SSIM}, or more than ${100 * MAX_FAR} % of the pixels by a quarter)`,
  ]
}

/** Ctrl-C ends the run after the files in progress, with a summary of those that are done. */
async function examineAll(
  specimens: Specimen[],
  jobs: number,
  heicDecoder: HeicDecoder | undefined,
): Promise<Examined[]> {
  const stopped = new AbortController()
  process.once('SIGINT', () => stopped.abort())
  const left = specimens.values()
  const examined: Examined[] = []
  async function work() {
    const pipeline = openPipeline(heicDecoder)
    const others = openOtherDecoders()
    for (const specimen of left) {
      const one = await examine(specimen, pipeline, others)
      console.log(line(one))
      // The sheet needs only the smallest variant.
      if (one.developed) one.developed.variants = one.developed.variants.slice(0, 1)
      examined.push(one)
      if (stopped.signal.aborted) break
    }
    pipeline.close()
    others.close()
  }
  await Promise.all(Array.from({ length: jobs }, work))
  return examined
}

async function main(): Promise<void> {
  const { values, positionals } = scriptOptions(import.meta.filename, {
    allowPositionals: true,
    options: { hostile: { type: 'boolean', default: false }, jobs: { type: 'string', default: '1' } },
  })
  const paths = positionals.map((path) => resolve(startedIn, path))
  const specimens = [...(values.hostile ? hostileSpecimens() : []), ...(await specimensIn(paths, startedIn))]
  if (specimens.length === 0) {
    stop('Name files or folders with images, or use the hostile test images: pnpm corpus --hostile')
  }
  const examined: Examined[] = []
  for (const [decoder, some] of Map.groupBy(specimens, ({ heicDecoder }) => heicDecoder))
    examined.push(...(await examineAll(some, Number(values.jobs), decoder)))
  await mkdir(dirname(sheet), { recursive: true })
  await writeFile(sheet, contactSheet(examined))
  console.log(`\n${summary(examined)}`)
  if (examined.some(({ complaints }) => complaints.length > 0)) process.exitCode = 1
}

try {
  await main()
} catch (error) {
  console.error(`pnpm corpus: ${(error as Error).message}`)
  process.exitCode = 1
}
