import type { BranchShares } from './branches.ts'
import type { Counts } from './run-history.ts'

/** Sums over the histories of a class. */
export interface Sums extends Omit<Counts, 'healedMs'> {
  histories: number
  /** Breaches by what became of an image: it is lost, doubled, or something was left behind. */
  lost: number
  doubled: number
  orphans: number
  other: number
  /** How many histories took so many minutes from the last fault until nothing was left to do. */
  healedMinutes: Record<number, number>
}

/** The result of a run, as `--json` writes it and docs/reliability.md shows it. */
export interface Results {
  firstSeed: number
  date: string
  histories: number
  steps: number
  /** The commits of the code that ran; none outside of a git repository. */
  commits: string[]
  seconds: number
  cpuSeconds: number
  /** Mixed from the traces of all histories. */
  trace: string
  /** How often the histories crashed at each kind of step. */
  crashes: Record<string, number>
  branches?: BranchShares
  failed: number
  /** The seeds of each kind of breach. */
  breaches: Record<string, number[]>
  classes: Record<string, Sums>
}

/** One trace for two, in any order: the exclusive or of the first 64 bits. */
export function mixed(a: string, b: string): string {
  const [left, right] = [a, b].map((trace) => BigInt(`0x0${trace.slice(0, 16)}`))
  return ((left ?? 0n) ^ (right ?? 0n)).toString(16).padStart(16, '0')
}

type Sum = number | { [name: string]: Sum }

/** The results of several runs over different seeds as those of one. Branches are those of the first run that watched them. */
export function addUp(first: Results, ...others: Results[]): Results {
  return others.reduce((sum, more) => {
    const branches = sum.branches ?? more.branches
    const seedsOf = (kind: string) => [...(sum.breaches[kind] ?? []), ...(more.breaches[kind] ?? [])]
    const breaches = Object.keys({ ...sum.breaches, ...more.breaches })
    return {
      firstSeed: Math.min(sum.firstSeed, more.firstSeed),
      date: [sum.date, more.date].toSorted().at(-1) ?? sum.date,
      histories: sum.histories + more.histories,
      steps: sum.steps + more.steps,
      commits: [...new Set([...sum.commits, ...more.commits])],
      seconds: sum.seconds + more.seconds,
      cpuSeconds: sum.cpuSeconds + more.cpuSeconds,
      trace: mixed(sum.trace, more.trace),
      crashes: added(sum.crashes, more.crashes),
      ...(branches && { branches }),
      failed: sum.failed + more.failed,
      breaches: Object.fromEntries(breaches.map((kind) => [kind, seedsOf(kind)])),
      classes: added(sum.classes, more.classes),
    }
  }, first)
}

/** Adds up the numbers of the same names. */
function added<Sums extends object>(a: Sums, b: Sums): Sums {
  const sum = (left: Sum = 0, right: Sum = 0): Sum => {
    if (typeof left === 'number' && typeof right === 'number') return left + right
    const [all, more] = [Object(left), Object(right)]
    return Object.fromEntries(
      Object.keys({ ...all, ...more }).map((name) => [name, sum(all[name], more[name])]),
    )
  }
  return sum(a as unknown as Sum, b as unknown as Sum) as unknown as Sums
}

/** How many minutes the histories of a class took to heal. */
export function healingOf({ histories, healedMinutes }: Sums): { median: number; longest: number } {
  const all = Object.keys(healedMinutes)
    .map(Number)
    .toSorted((a, b) => a - b)
  let rest = histories / 2
  const median = all.find((minutes) => {
    rest -= healedMinutes[minutes] ?? 0
    return rest < 0
  })
  return { median: median ?? 0, longest: all.at(-1) ?? 0 }
}

const MAX_SEEDS = 5

/** For people. */
export function summaryOf(results: Results): string {
  const { histories, steps, seconds, cpuSeconds, trace, crashes, branches, failed, breaches, classes } =
    results
  const { accepted = 0, processed = 0, failed: refused = 0, erased = 0 } = classes.all ?? {}
  const found = Object.entries(breaches).toSorted(([, a], [, b]) => b.length - a.length)
  const kinds = Object.values(crashes)
  return [
    `${histories} histories, ${(steps / histories).toFixed(0)} I/O steps each, ${(histories / seconds).toFixed(0)} a second, ${(histories / cpuSeconds).toFixed(0)} a second of CPU time.`,
    `${accepted} images accepted: ${processed} processed, ${refused} failed with a reason, ${erased} erased.`,
    `Crashed at ${kinds.filter((count) => count > 0).length} of ${kinds.length} kinds of I/O steps.`,
    ...(branches
      ? [`Crashed in ${branches.crashedAt} of ${branches.waited} branches that wait for one.`]
      : []),
    `${failed} histories broke a promise.`,
    ...found.map(
      ([kind, seeds]) => `  ${seeds.length} × ${kind} (seeds ${seeds.slice(0, MAX_SEEDS).join(', ')})`,
    ),
    `Trace ${trace}: the same seeds on the same code give the same one.`,
  ].join('\n')
}
