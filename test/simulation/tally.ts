import type { Branches, BranchShares } from './branches.ts'
import type { Rates } from './faults.ts'
import type { History } from './history.ts'
import type { Counts, Verdict } from './run-history.ts'
import { kindOf } from './shrink.ts'

/** Sums over the histories of a class. */
interface Sums extends Omit<Counts, 'healedMs'> {
  histories: number
  /** Breaches by what became of an image: it is lost, doubled, or something was left behind. */
  lost: number
  doubled: number
  orphans: number
  other: number
  /** From the last fault until nothing was left to do. */
  healedMs: { median: number; longest: number }
}

/** The result of a run, as `--json` writes it and docs/reliability.md shows it. */
export interface Results {
  firstSeed: number
  date: string
  histories: number
  steps: number
  historiesPerSecond: number
  kinds: number
  crashedAt: number
  /** Kinds of steps that no history crashed at. */
  notCrashedAt: string[]
  branches: BranchShares
  failed: number
  /** The seeds of each kind of breach. */
  breaches: Record<string, number[]>
  classes: Record<string, Sums>
}

/** Adds up histories. */
export interface Tally {
  add(history: History, verdict: Verdict): void
  /** Once, at the end. */
  results(): Results
}

const MAX_SEEDS = 5

const CLASSES: Record<string, (history: History) => boolean> = {
  all: () => true,
  'without faults': ({ rates, outages }) =>
    outages.length === 0 && Object.values(rates).every((rate) => rate === 0),
  'failed requests, lost answers, repeated requests': has('error', 'lost', 'repeated'),
  'crashes before or after a step': has('crashBefore', 'crashAfter'),
  'steps of up to 20 s': has('slow'),
  'messages delivered twice or not deleted': has('duplicate', 'undeleted'),
  'engine killed or dead': has('engineKilled', 'engineDied'),
  'outage of S3': ({ outages }) => outages.some(({ service }) => service === 's3'),
  'outage of SQS': ({ outages }) => outages.some(({ service }) => service === 'sqs'),
  'erasures, holds, redevelopment': ({ actions }) =>
    actions.some((action) => ['erase', 'hold', 'release', 'redevelop'].includes(action.do)),
}

function has(...names: (keyof Rates)[]) {
  return ({ rates }: History) => names.some((name) => rates[name] > 0)
}

type Running = Omit<Sums, 'healedMs'> & { healed: number[] }

export function createTally(firstSeed: number, branches: Branches): Tally {
  const began = performance.now()
  const kinds = new Set<string>()
  const crashedAt = new Set<string>()
  const breaches: Record<string, number[]> = {}
  const classes = new Map(Object.keys(CLASSES).map((name) => [name, noSums()]))
  let steps = 0
  let failed = 0
  return {
    add(history, verdict) {
      steps += verdict.steps.length
      branches.add(verdict.steps)
      for (const { kind, what } of verdict.steps) {
        kinds.add(kind)
        if (what.startsWith('crash')) crashedAt.add(kind)
      }
      if (verdict.breaches.length > 0) failed += 1
      for (const kind of new Set(verdict.breaches.map(kindOf)))
        breaches[kind] = [...(breaches[kind] ?? []), history.seed]
      for (const [name, sums] of classes) if (CLASSES[name]?.(history)) addTo(sums, verdict)
    },
    results() {
      const { histories = 0 } = classes.get('all') ?? {}
      return {
        firstSeed,
        date: new Date().toISOString().slice(0, 10),
        histories,
        steps,
        historiesPerSecond: histories / ((performance.now() - began) / 1000),
        kinds: kinds.size,
        crashedAt: crashedAt.size,
        notCrashedAt: [...kinds].filter((kind) => !crashedAt.has(kind)).toSorted(),
        branches: branches.shares(),
        failed,
        breaches,
        classes: Object.fromEntries([...classes].map(([name, sums]) => [name, toSums(sums)])),
      }
    },
  }
}

function noSums(): Running {
  const images = { accepted: 0, processed: 0, failed: 0, erased: 0 }
  return { histories: 0, ...images, lost: 0, doubled: 0, orphans: 0, other: 0, healed: [] }
}

function addTo(sums: Running, { counts, breaches }: Verdict): void {
  sums.histories += 1
  for (const name of ['accepted', 'processed', 'failed', 'erased'] as const) sums[name] += counts[name]
  for (const breach of breaches) sums[effectOf(breach)] += 1
  sums.healed.push(counts.healedMs)
}

function effectOf(breach: string): 'lost' | 'doubled' | 'orphans' | 'other' {
  if (/is not finished|is gone|and not stored|told failed|has lost/.test(breach)) return 'lost'
  if (/ became /.test(breach)) return 'doubled'
  if (/left|not in the document|without a hold|belongs to no app/.test(breach)) return 'orphans'
  return 'other'
}

function toSums({ healed, ...sums }: Running): Sums {
  const sorted = healed.toSorted((a, b) => a - b)
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0
  return { ...sums, healedMs: { median, longest: sorted.at(-1) ?? 0 } }
}

/** For people. */
export function summaryOf(results: Results): string {
  const { histories, steps, historiesPerSecond, kinds, crashedAt, branches, failed, breaches, classes } =
    results
  const { accepted = 0, processed = 0, failed: refused = 0, erased = 0 } = classes.all ?? {}
  const found = Object.entries(breaches).toSorted(([, a], [, b]) => b.length - a.length)
  return [
    `${histories} histories, ${(steps / histories).toFixed(0)} I/O steps each, ${historiesPerSecond.toFixed(0)} histories/s.`,
    `${accepted} images accepted: ${processed} processed, ${refused} failed with a reason, ${erased} erased.`,
    `Crashed at ${crashedAt} of ${kinds} kinds of I/O steps, and in ${branches.crashedAt} of ${branches.waited} branches that wait for them.`,
    `${failed} histories broke a promise.`,
    ...found.map(
      ([kind, seeds]) => `  ${seeds.length} × ${kind} (seeds ${seeds.slice(0, MAX_SEEDS).join(', ')})`,
    ),
  ].join('\n')
}
