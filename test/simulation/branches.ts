import { readFileSync } from 'node:fs'
import { type Profiler, Session } from 'node:inspector'
import type { StepTaken } from './processes.ts'

/** How many branches of the handlers' source ran, and in how many of them a history crashed. */
export interface BranchShares {
  /** How many histories were watched. */
  histories: number
  /** Functions, and blocks that do not run as often as the block around them, as V8 counts them. */
  all: number
  ran: number
  /** Of those that ran: a step of S3, SQS or the engine was under way in them, or in what they called. */
  waited: number
  crashedAt: number
  /** The lines at which the others begin: `services/upload-api/src/…:12`. */
  notCrashedAt: string[]
}

export interface Branches {
  add(steps: StepTaken[]): void
  /** Once: V8 counts from zero again after that. */
  shares(): BranchShares
}

// V8 only counts the branches of what it compiles from now on, so this file is imported before the handlers are.
const session = new Session()
session.connect()
session.post('Profiler.enable')
session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })

/** Code of the handlers in a stack: file, line, column. */
const FRAME = /file:\/\/\S*?\/((?:services|packages)\/[^\s):]+\.ts):(\d+):(\d+)/g
const SOURCE = /\/((?:services|packages)\/[^/]+\/src\/(?!.*testing\/).*\.ts)$/
/** Stacks of so many steps of a kind are read even if nothing crashed there. Reading one takes longer than a step. */
const SAMPLES = 30

export function watchBranches(): Branches {
  let histories = 0
  const samples = new Map<string, number>()
  const waited = new Positions()
  const crashed = new Positions()
  return {
    add(steps) {
      histories += 1
      for (const { kind, what, site } of steps) {
        const isCrash = what.startsWith('crash')
        const count = samples.get(kind) ?? 0
        samples.set(kind, count + 1)
        if (!site) continue
        if (isCrash) crashed.add(site)
        if (isCrash || count < SAMPLES) waited.add(site)
      }
    },
    shares() {
      const shares: BranchShares = { histories, all: 0, ran: 0, waited: 0, crashedAt: 0, notCrashedAt: [] }
      for (const { url, functions } of takeCoverage()) {
        const [, file] = SOURCE.exec(url) ?? []
        if (file === undefined) continue
        const lines = linesOf(readFileSync(new URL(url), 'utf8'))
        const [waits, crashes] = [waited.offsetsIn(file, lines), crashed.offsetsIn(file, lines)]
        // The first one is the module.
        for (const range of functions.slice(1).flatMap(({ ranges }) => ranges)) {
          const isIn = (offset: number) => range.startOffset <= offset && offset < range.endOffset
          shares.all += 1
          if (range.count > 0) shares.ran += 1
          if (!waits.some(isIn)) continue
          shares.waited += 1
          if (crashes.some(isIn)) shares.crashedAt += 1
          else
            shares.notCrashedAt.push(
              `${file}:${lines.findLastIndex((line) => line <= range.startOffset) + 1}`,
            )
        }
      }
      return shares
    },
  }
}

function takeCoverage(): Profiler.ScriptCoverage[] {
  let taken: Profiler.ScriptCoverage[] = []
  // Answered before it returns.
  session.post('Profiler.takePreciseCoverage', (_, { result }) => {
    taken = result
  })
  return taken
}

/** The offsets at which lines begin. Types are stripped in place, so they are those of the source. */
function linesOf(source: string): number[] {
  return [0, ...[...source.matchAll(/\n/g)].map(({ index }) => index + 1)]
}

class Positions {
  readonly #byFile = new Map<string, Set<string>>()

  add({ stack = '' }: Error): void {
    for (const [, file = '', line, column] of stack.matchAll(FRAME)) {
      const positions = this.#byFile.get(file) ?? new Set()
      this.#byFile.set(file, positions.add(`${line}:${column}`))
    }
  }

  offsetsIn(file: string, lines: number[]): number[] {
    return [...(this.#byFile.get(file) ?? [])].map((position) => {
      const [line = 0, column = 0] = position.split(':').map(Number)
      return (lines[line - 1] ?? 0) + column - 1
    })
  }
}
