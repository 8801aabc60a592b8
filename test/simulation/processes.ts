import { AsyncLocalStorage } from 'node:async_hooks'
import { S3ServiceException } from '@aws-sdk/client-s3'
import type { Chance } from './chance.ts'
import type { Faults } from './faults.ts'
import type { VirtualTime } from './virtual-time.ts'

/** One run of a function or of a client's program. */
interface Invocation {
  name: string
  isOver: boolean
  isCalm: boolean
  isTroubled: boolean
  /** How many steps of the same name it has made. */
  steps: Map<string, number>
  /** How many random numbers it has drawn. */
  draws: number
  /** How many steps it may begin; it ends at the next one. */
  stepsLeft: number
  kill(): void
}

type Ended<Result> = { returned: Result } | { threw: unknown } | { killed: true }

/** What happened at an I/O step, for traces and for the share of steps that were crashed at. */
export interface StepTaken {
  time: number
  name: string
  /** Without what distinguishes one run from another: `eraseImage PutObject metadata`. */
  kind: string
  what: string
  /**
   * Its stack is where the handler was, if the branches of the handlers are watched. V8 formats it when it is read, which
   * takes longer than most steps.
   */
  site?: Error
}

interface InvocationOptions {
  /** There are no faults but outages. */
  isCalm?: boolean
  /** Its steps can fail when the faults of the history have ended, too. */
  isTroubled?: boolean
  /** It ends when it begins another step. */
  maxSteps?: number
}

/** What a step needs: a service that can be away, or the engine's process. */
type Service = 's3' | 'sqs' | 'sns' | 'engine'

interface StepOptions {
  /** It is given up after so long. */
  limitMs?: number
  /** Other invocations wait for its result too: if this one ends, it fails for them. */
  isShared?: boolean
}

export interface Processes {
  /**
   * Runs a function with a time limit. If it crashes or takes too long, nothing of it goes on.
   */
  invoke<Result>(
    name: string,
    limitMs: number,
    run: (remainingMs: () => number) => Promise<Result>,
    options?: InvocationOptions,
  ): Promise<Ended<Result>>
  /** A step of the running function: `effect` happens some time later, if nothing fails before. */
  step<Result>(
    service: Service,
    label: string,
    effect: (name: string) => Result,
    options?: StepOptions,
  ): Promise<Result>
  /** The name of the running function. */
  running(): string
  /** The next random number of the running function: its name and its count decide it. */
  random(): number
}

const running = new AsyncLocalStorage<Invocation>()

interface Surroundings {
  time: VirtualTime
  start: number
  chance: Chance
  faults: Faults
  hasSites: boolean
  onStep: (taken: StepTaken) => void
}

export function createProcesses({ time, start, chance, faults, hasSites, onStep }: Surroundings): Processes {
  const isOut = (service: Service) => {
    if (service === 'engine') return false
    if (service === 'sns') return faults.isOut('both', time.now() - start)
    return [service, 'both' as const].some((away) => faults.isOut(away, time.now() - start))
  }
  return {
    invoke(
      name,
      limitMs,
      run,
      { isCalm = false, isTroubled = false, maxSteps = Number.POSITIVE_INFINITY } = {},
    ) {
      const end = time.now() + limitMs
      return new Promise((resolve) => {
        const invocation: Invocation = {
          name,
          isOver: false,
          isCalm,
          isTroubled,
          steps: new Map(),
          draws: 0,
          stepsLeft: maxSteps,
          kill: () => finish({ killed: true }),
        }
        const finish = (ended: Parameters<typeof resolve>[0]) => {
          if (invocation.isOver) return
          invocation.isOver = true
          resolve(ended)
        }
        time.after(limitMs, invocation.kill)
        running
          .run(invocation, () => run(() => end - time.now()))
          .then(
            (returned) => finish({ returned }),
            (threw) => finish({ threw }),
          )
      })
    },

    step(service, label, effect, { limitMs = Number.POSITIVE_INFINITY, isShared = false } = {}) {
      const invocation = running.getStore()
      if (!invocation) throw new Error(`nothing runs that could do ${label}`)
      // It goes on if it waited for what others share.
      if (invocation.isOver) return new Promise(() => {})
      const count = (invocation.steps.get(label) ?? 0) + 1
      invocation.steps.set(label, count)
      const isLast = --invocation.stepsLeft < 0
      const name = `${invocation.name} / ${label}${count > 1 ? ` ${count}` : ''}`
      const kind = `${invocation.name.split(' ')[0]} ${label}`
      const site = hasSites ? { site: siteOfStep() } : {}
      const tell = (what: string) => onStep({ time: time.now(), name, kind, what, ...site })
      return new Promise((resolve, reject) => {
        const end = () => {
          invocation.kill()
          if (isShared) reject(unavailable())
        }
        time.after(Math.min(limitMs, faults.latencyOf(name, invocation.isCalm)), () => {
          // A request that was under way when its process ended may have arrived or not.
          if (invocation.isOver) {
            if (isShared) return reject(unavailable())
            if (chance.happens(`arrival of ${name}`, 0.5)) quietly(() => effect(name))
            return
          }
          const fate = invocation.isCalm ? 'normal' : faults.fateOf(name, invocation.isTroubled)
          if (fate === 'crashBefore' || isLast) {
            tell('crash before')
            return end()
          }
          if (isOut(service)) {
            tell('outage')
            return reject(unavailable())
          }
          if (fate === 'error') {
            tell('error')
            return reject(unavailable())
          }
          if (fate === 'repeated') quietly(() => effect(name))
          const settle = attempt(() => effect(name))
          tell(`${fate === 'normal' ? '' : `${fate}, `}${settle.error ? nameOf(settle.error) : 'done'}`)
          if (fate === 'crashAfter') return end()
          if (fate === 'lost') return reject(unavailable())
          if ('result' in settle) resolve(settle.result)
          else reject(settle.error)
        })
      })
    },

    running: () => running.getStore()?.name ?? '',

    random() {
      const invocation = running.getStore()
      if (!invocation) throw new Error('nothing runs that could draw a random number')
      invocation.draws += 1
      return chance.number(`random ${invocation.draws} of ${invocation.name}`)
    },
  }
}

const MAX_FRAMES = 60

function siteOfStep(): Error {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = MAX_FRAMES
  const site = new Error('a step')
  Error.stackTraceLimit = stackTraceLimit
  return site
}

function attempt<Result>(effect: () => Result): { result: Result; error?: undefined } | { error: unknown } {
  try {
    return { result: effect() }
  } catch (error) {
    return { error }
  }
}

function quietly(effect: () => unknown): void {
  attempt(effect)
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : String(error)
}

/** What the SDK throws after its own attempts. */
export function unavailable(): Error {
  return new S3ServiceException({
    name: 'ServiceUnavailable',
    $fault: 'server',
    message: 'simulated',
    $metadata: { httpStatusCode: 503 },
  })
}
