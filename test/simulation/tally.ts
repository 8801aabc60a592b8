import { execFileSync } from 'node:child_process'
import type { Branches } from './branches.ts'
import type { Rates } from './faults.ts'
import type { History } from './history.ts'
import { mixed, type Results, type Sums } from './results.ts'
import type { Verdict } from './run-history.ts'
import { MINUTE_MS } from './settings.ts'
import { kindOf } from './shrink.ts'

/** Adds up histories. */
export interface Tally {
  add(history: History, verdict: Verdict): void
  /** Once, at the end. */
  results(): Results
}

const CLASSES: Record<string, (history: History) => boolean> = {
  all: () => true,
  'without faults': ({ rates, outages }) =>
    outages.length === 0 && Object.values(rates).every((rate) => rate === 0),
  'failed requests, lost answers, repeated requests': has('error', 'lost', 'repeated'),
  'crashes before or after a step': has('crashBefore', 'crashAfter'),
  'steps of up to 20 s': has('slow'),
  'messages delivered twice or not deleted': has('duplicate', 'redelivered', 'undeleted'),
  'engine killed or dead': has('engineKilled', 'engineDied'),
  'dead letters': has('exhausted'),
  'outage of S3': ({ outages }) => outages.some(({ service }) => service === 's3'),
  'outage of SQS': ({ outages }) => outages.some(({ service }) => service === 'sqs'),
  'outage of both for the functions': ({ outages }) => outages.some(({ service }) => service === 'both'),
  'events of S3 doubled or late': has('eventDoubled', 'eventLate'),
  'events of S3 lost': has('eventLost'),
  'settings applied meanwhile': ({ actions }) => actions.some((action) => action.do === 'apply'),
  'more images than are processed': ({ backlog }) => backlog !== undefined,
  'originals that S3 refuses, records over the payload limit': ({ pictures }) =>
    pictures.some(({ isRefusedByS3, isOverLimit }) => isRefusedByS3 || isOverLimit),
  'erasures, holds, redevelopment': ({ actions }) =>
    actions.some((action) => ['erase', 'hold', 'release', 'redevelop'].includes(action.do)),
}

function has(...names: (keyof Rates)[]) {
  return ({ rates }: History) => names.some((name) => rates[name] > 0)
}

export function createTally(firstSeed: number, branches?: Branches): Tally {
  const began = performance.now()
  const cpuBefore = process.cpuUsage()
  const crashes: Record<string, number> = {}
  const breaches: Record<string, number[]> = {}
  const classes = new Map(Object.keys(CLASSES).map((name) => [name, noSums()]))
  let steps = 0
  let trace = ''
  let failed = 0
  return {
    add(history, verdict) {
      steps += verdict.steps.length
      trace = mixed(trace, verdict.trace)
      branches?.add(verdict.steps)
      for (const { kind, what } of verdict.steps)
        crashes[kind] = (crashes[kind] ?? 0) + (what.startsWith('crash') ? 1 : 0)
      if (verdict.breaches.length > 0) failed += 1
      for (const kind of new Set(verdict.breaches.map(kindOf)))
        breaches[kind] = [...(breaches[kind] ?? []), history.seed]
      for (const [name, sums] of classes) if (CLASSES[name]?.(history)) addTo(sums, verdict)
    },
    results() {
      const { histories = 0 } = classes.get('all') ?? {}
      const cpu = process.cpuUsage(cpuBefore)
      return {
        firstSeed,
        date: new Date().toISOString().slice(0, 10),
        histories,
        steps,
        commits: commits(),
        seconds: (performance.now() - began) / 1000,
        cpuSeconds: (cpu.user + cpu.system) / 1e6,
        trace,
        crashes,
        ...(branches && { branches: branches.shares() }),
        failed,
        breaches,
        classes: Object.fromEntries(classes),
      }
    },
  }
}

function commits(): string[] {
  try {
    const options = { encoding: 'utf8', cwd: import.meta.dirname } as const
    return [execFileSync('git', ['rev-parse', '--short', 'HEAD'], options).trim()]
  } catch {
    return []
  }
}

function noSums(): Sums {
  const images = { accepted: 0, processed: 0, failed: 0, erased: 0 }
  return { histories: 0, ...images, lost: 0, doubled: 0, orphans: 0, other: 0, healedMinutes: {} }
}

function addTo(sums: Sums, { counts, breaches }: Verdict): void {
  sums.histories += 1
  for (const name of ['accepted', 'processed', 'failed', 'erased'] as const) sums[name] += counts[name]
  for (const breach of breaches) sums[effectOf(breach)] += 1
  const minutes = Math.round(counts.healedMs / MINUTE_MS)
  sums.healedMinutes[minutes] = (sums.healedMinutes[minutes] ?? 0) + 1
}

function effectOf(breach: string): 'lost' | 'doubled' | 'orphans' | 'other' {
  if (
    /is not finished|is gone|and not stored|told failed|has lost|is not parked|acknowledged and|stalls/.test(
      breach,
    )
  )
    return 'lost'
  if (/ became /.test(breach)) return 'doubled'
  if (/left|not in the document|without a hold|belongs to no app/.test(breach)) return 'orphans'
  return 'other'
}
