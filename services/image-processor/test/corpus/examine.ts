import { OUTPUT_FORMATS } from '@darkroom/core'
import { typeOf } from '@darkroom/image-file'
import { type DevelopedVariant, SHOWN_WITH } from '../../src/engines/image-engine.ts'
import { peakMemory, resetPeakMemory } from '../process-figures.ts'
import { outcomeOf, type Pipeline, type PipelineResult } from '../run-pipeline.ts'
import type { Likeness, OtherDecoders } from './other-decoders.ts'
import type { Specimen } from './specimen.ts'

/** A specimen's result. */
export interface Examined extends PipelineResult {
  name: string
  bytes: number
  /** Peak memory of both processes, in MB. Undefined if it cannot be measured. */
  memory: number | undefined
  /** Everything that is wrong with the result. */
  complaints: string[]
  weights: Weights
  /** Names, formats and weights of the variants that are heavier, `large jpeg 112 %`. */
  heavier: string[]
  /** How other decoders' results differ, for files that were developed. */
  disagreement?: string | undefined
  likeness?: Likeness | undefined
}

/** Counts of variants. */
export interface Weights {
  variants: number
  heavierThanOriginal: number
  /** Of those, the ones with as many pixels as the original. */
  heavierAtSameSize: number
  /** Of those, the ones whose preset could have kept the original's format. */
  heavierInSameFormat: number
}

/** Added to the engine process's own memory: the queue's consumer (118 MB, `pnpm bench:isolation`) and libvips. */
const CONSUMER_MEGABYTES = 140

export async function examine(
  specimen: Specimen,
  pipeline: Pipeline,
  others: OtherDecoders,
): Promise<Examined> {
  const original = await specimen.read()
  if (specimen.fresh) pipeline.close()
  resetPeakMemory(pipeline.pid())
  const result = await pipeline.run(original)
  const peak = peakMemory(pipeline.pid())
  const memory = peak && peak.own / 1e6 + CONSUMER_MEGABYTES
  const { name, file } = specimen
  const { developed } = result
  return {
    ...result,
    name,
    bytes: original.length,
    memory,
    complaints: complaintsOf(specimen, result, memory),
    weights: weigh(result, original),
    heavier: heavierOf(result, original).map(
      ({ spec, format, data }) =>
        `${spec.name} ${format} ${((100 * data.length) / original.length).toFixed(0)} %`,
    ),
    ...(file &&
      developed && {
        disagreement: others.disagreement(original, developed),
        likeness: await others.likeness(file, developed),
      }),
  }
}

function heavierOf({ developed }: PipelineResult, original: Buffer) {
  return (developed?.variants ?? []).filter(({ data }) => data.length > original.length)
}

function weigh(result: PipelineResult, original: Buffer): Weights {
  const { variants = [], width, height } = result.developed ?? {}
  const heavier = heavierOf(result, original)
  const atSameSize = heavier.filter((variant) => variant.width === width && variant.height === height)
  return {
    variants: variants.length,
    heavierThanOriginal: heavier.length,
    heavierAtSameSize: atSameSize.length,
    heavierInSameFormat: atSameSize.filter((variant) => mayKeepFormat(variant, original)).length,
  }
}

function mayKeepFormat({ spec }: DevelopedVariant, original: Buffer): boolean {
  const type = typeOf(original)
  return SHOWN_WITH[spec.format].some((format) => OUTPUT_FORMATS[format].contentType === type)
}

function complaintsOf({ outcome, megabytes }: Specimen, result: PipelineResult, memory = 0): string[] {
  const { crash, isSlow, developed } = result
  const complaints = []
  if (crash !== undefined) complaints.push(`crashed: ${crash}`)
  if (isSlow) complaints.push('took too long')
  if (outcome !== undefined && outcomeOf(result) !== outcome) complaints.push(`should be ${outcome}`)
  if (megabytes !== undefined && developed && memory > megabytes)
    complaints.push(`took more than ${megabytes} MB`)
  return complaints
}
