import { type Answer, type Answers, outcomeOf } from '../answer-to.ts'
import { forgetPeak, peakMemory } from '../process-figures.ts'
import type { Specimen } from './specimen.ts'

/** What became of a specimen. */
export interface Examined extends Answer {
  name: string
  bytes: number
  /** The most that both processes had meanwhile, in MB; undefined where it cannot be told. */
  memory: number | undefined
  /** What is wrong with that, in words. */
  complaints: string[]
}

/**
 * What the engine's process has beside its own memory in this sum: the queue's consumer (118 MB, `pnpm bench:isolation`)
 * and libvips.
 */
const CONSUMER = 140

export async function examine(specimen: Specimen, answers: Answers): Promise<Examined> {
  const original = await specimen.read()
  if (specimen.fresh) answers.close()
  forgetPeak(answers.pid())
  const answer = await answers.to(original)
  const peak = peakMemory(answers.pid())
  const memory = peak && peak.own / 1e6 + CONSUMER
  const { name } = specimen
  return {
    ...answer,
    name,
    bytes: original.length,
    memory,
    complaints: complaintsOf(specimen, answer, memory),
  }
}

function complaintsOf({ outcome, megabytes }: Specimen, answer: Answer, memory = 0): string[] {
  const { crash, isSlow, developed } = answer
  const complaints = []
  if (crash !== undefined) complaints.push(`no answer of its own: ${crash}`)
  if (isSlow) complaints.push('took too long')
  if (outcome !== undefined && outcomeOf(answer) !== outcome) complaints.push(`should be ${outcome}`)
  if (megabytes !== undefined && developed && memory > megabytes)
    complaints.push(`took more than ${megabytes} MB`)
  return complaints
}
