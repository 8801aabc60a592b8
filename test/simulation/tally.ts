import type { Verdict } from './run-history.ts'
import { kindOf } from './shrink.ts'

/** Adds up histories. */
export interface Tally {
  add(seed: number, verdict: Verdict): void
  failed: number
  summary(): string
}

const MAX_SEEDS = 5

export function createTally(): Tally {
  const began = performance.now()
  const kinds = new Set<string>()
  const crashedAt = new Set<string>()
  const seedsOf = new Map<string, number[]>()
  const sums = { accepted: 0, processed: 0, failed: 0, erased: 0 }
  let histories = 0
  let steps = 0
  const tally = {
    failed: 0,
    add(seed: number, { breaches, steps: taken, counts }: Verdict) {
      histories += 1
      steps += taken.length
      for (const name of Object.keys(sums) as (keyof typeof sums)[]) sums[name] += counts[name]
      for (const { kind, what } of taken) {
        kinds.add(kind)
        if (what.startsWith('crash')) crashedAt.add(kind)
      }
      if (breaches.length > 0) tally.failed += 1
      for (const kind of new Set(breaches.map(kindOf)))
        seedsOf.set(kind, [...(seedsOf.get(kind) ?? []), seed])
    },
    summary() {
      const perSecond = histories / ((performance.now() - began) / 1000)
      const found = [...seedsOf].toSorted(([, a], [, b]) => b.length - a.length)
      return [
        `${histories} histories, ${(steps / histories).toFixed(0)} I/O steps each, ${perSecond.toFixed(0)} histories/s.`,
        `${sums.accepted} images accepted: ${sums.processed} processed, ${sums.failed} failed with a reason, ${sums.erased} erased.`,
        `Crashed at ${crashedAt.size} of ${kinds.size} kinds of I/O steps.`,
        `${tally.failed} histories broke a promise.`,
        ...found.map(
          ([kind, seeds]) => `  ${seeds.length} × ${kind} (seeds ${seeds.slice(0, MAX_SEEDS).join(', ')})`,
        ),
      ].join('\n')
    },
  }
  return tally
}
