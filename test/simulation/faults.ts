import type { Chance } from './chance.ts'

/** The probability of each fault at each I/O step. */
export interface Rates {
  /** The request fails and has no effect. */
  error: number
  /** It takes effect, but its answer never arrives. */
  lost: number
  /** It takes effect, its answer is lost, and the SDK repeats it. */
  repeated: number
  /** The process ends before the request. */
  crashBefore: number
  /** The process ends after the request took effect. */
  crashAfter: number
  /** The request takes up to 20 seconds. */
  slow: number
  /** SQS keeps a copy of a message, and delivers it at once, or up to half an hour late, even if the message was deleted. */
  duplicate: number
  /** SQS delivers a message again while it is handled. Who is done first deletes it for both. */
  redelivered: number
  /** Lambda handles a batch but fails to delete one of its messages. */
  undeleted: number
  /** The engine's process is killed or stopped from outside. */
  engineKilled: number
  /** The engine's process dies of a picture, once. */
  engineDied: number
  /** S3 sends an event ten times. */
  eventDoubled: number
  /** S3 sends an event up to an hour late, so events are out of order. */
  eventLate: number
  /** S3 sends no event. */
  eventLost: number
  /** Each receive of a message fails until the faults end, so it becomes a dead letter. */
  exhausted: number
}

export const NO_FAULTS: Rates = {
  error: 0,
  lost: 0,
  repeated: 0,
  crashBefore: 0,
  crashAfter: 0,
  slow: 0,
  duplicate: 0,
  redelivered: 0,
  undeleted: 0,
  engineKilled: 0,
  engineDied: 0,
  eventDoubled: 0,
  eventLate: 0,
  eventLost: 0,
  exhausted: 0,
}

/** All requests to a service fail. In milliseconds since the start of the history. */
export interface Outage {
  /** `both`: no function can reach S3 or SQS, but SQS still delivers messages and Lambda still deletes them. */
  service: 's3' | 'sqs' | 'both'
  from: number
  to: number
}

type Fate = 'normal' | 'error' | 'lost' | 'repeated' | 'crashBefore' | 'crashAfter'
const FATES = ['error', 'lost', 'repeated', 'crashBefore', 'crashAfter'] as const

/** Faults that are not the fate of a step. */
type ChanceFault =
  | 'duplicate'
  | 'redelivered'
  | 'undeleted'
  | 'engineKilled'
  | 'engineDied'
  | 'exhausted'
  | 'eventDoubled'
  | 'eventLate'
  | 'eventLost'

const SLOWEST_MS = 20_000

export interface Faults {
  /** @param isLate after `stop`, too */
  fateOf(step: string, isLate: boolean): Fate
  latencyOf(step: string, isCalm: boolean): number
  happens(kind: ChanceFault, step: string): boolean
  isOut(service: Outage['service'], sinceStart: number): boolean
  /** After this no fault happens any more; steps still take their time. */
  stop(): void
}

/** @param suppressed steps at which no fault happens, for shrinking */
export function faultsOf(
  chance: Chance,
  given: Rates,
  outages: Outage[],
  suppressed: ReadonlySet<string> = new Set(),
): Faults {
  let rates = given
  const isSuppressed = (step: string) => suppressed.has(step)
  return {
    fateOf(step, isLate) {
      if (isSuppressed(step)) return 'normal'
      let number = chance.number(`fate of ${step}`)
      for (const fate of FATES) {
        number -= (isLate ? given : rates)[fate]
        if (number < 0) return fate
      }
      return 'normal'
    },
    latencyOf(step, isCalm) {
      const isSlow = !isCalm && !isSuppressed(step) && chance.happens(`slow ${step}`, rates.slow)
      return 5 + chance.number(`latency of ${step}`) * (isSlow ? SLOWEST_MS : 60)
    },
    happens: (kind, step) => !isSuppressed(step) && chance.happens(`${kind} ${step}`, rates[kind]),
    isOut: (service, sinceStart) =>
      outages.some(
        (outage) => outage.service === service && outage.from <= sinceStart && sinceStart < outage.to,
      ),
    stop: () => {
      rates = NO_FAULTS
    },
  }
}
