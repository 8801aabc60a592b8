import { createHash } from 'node:crypto'
import { act, imageOf, learnKafkaId, look, type Subject, subjectOf } from './actors.ts'
import { passRetention } from './expiry.ts'
import type { History } from './history.ts'
import { createLambda, isSettled } from './lambda.ts'
import { createLedger, findBreaches, leftMessages } from './oracle.ts'
import type { StepTaken } from './processes.ts'
import { replayEvents } from './s3-events.ts'
import type { Sabotage } from './sabotage.ts'
import { DAY_MS, MINUTE_MS, presetsOf } from './settings.ts'
import { forgetHistory, PARKED, presets } from './system.ts'
import { openWorld, type World } from './world.ts'

export interface Verdict {
  /** What is wrong, in words; none if everything is as promised. */
  breaches: string[]
  steps: StepTaken[]
  /** A hash of all steps and of what is stored in the end: the same for the same seed and code. */
  trace: string
  counts: Counts
}

export interface Counts {
  accepted: number
  processed: number
  failed: number
  erased: number
  /**
   * From the last fault until no image was unfinished and nothing was left over: the last change of an object, in virtual
   * milliseconds. Looks that find nothing to do come later.
   */
  healedMs: number
}

interface RunOptions {
  sabotage?: Sabotage
  suppressed?: ReadonlySet<string>
  /** Keeps where the handlers were at each step, for `branches.ts`. */
  hasSites?: boolean
  /** Changes what is stored or was answered before the oracle looks, to test the oracle. */
  tamper?: (world: World, subjects: Subject[]) => void
}

/** The share of histories that go on until everything has expired. */
const EXPIRED_SHARE = 0.25
/** Not during a long outage: each duplicate of a message that waits would be sent again, and duplicated again. */
const LONGEST_TROUBLE_MS = 20 * MINUTE_MS
/** Dead letters are settled an hour after their messages were sent. */
const LONGEST_TROUBLE_WITH_DEAD_LETTERS_MS = 75 * MINUTE_MS

/** The latest event comes an hour after its object, and is looked at two minutes later. */
const LATEST_LOOK_MS = 90 * MINUTE_MS
/** An original is found by the reconcile of the day after its id, or that of the next day. */
const RECONCILES = 2

/** After the last action and the last outage there are no more faults, and everything has to heal by itself. */
export async function runHistory(history: History, options: RunOptions = {}): Promise<Verdict> {
  const steps: StepTaken[] = []
  Object.assign(presets, presetsOf(1))
  const ledger = createLedger()
  const subjects: Subject[] = []
  let world: World | undefined
  const current = (): World => {
    if (!world) throw new Error('the world is not open yet')
    return world
  }
  const lambda = createLambda(current)
  world = openWorld(history, {
    sabotage: options.sabotage ?? {},
    suppressed: options.suppressed,
    hasSites: options.hasSites ?? false,
    onStep: (taken) => steps.push(taken),
    onVisible: (url, inMs) => lambda.pollLater(url, inMs),
    onWritten: (key, object) => {
      learnKafkaId(subjects, key, object)
      ledger.written(key, object)
    },
  })
  // Errors are answers here, and there are thousands of them.
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 0
  try {
    await forgetHistory(world.readSettings)
    subjects.push(...history.pictures.map((picture, n) => subjectOf(current(), picture, n)))
    return await play(world, subjects, lambda, ledger, steps, options.tamper)
  } finally {
    Error.stackTraceLimit = stackTraceLimit
    world.close()
  }
}

async function play(
  world: World,
  subjects: Subject[],
  lambda: ReturnType<typeof createLambda>,
  ledger: ReturnType<typeof createLedger>,
  steps: StepTaken[],
  tamper?: RunOptions['tamper'],
): Promise<Verdict> {
  const { history, start, time, faults } = world
  const errors: string[] = []
  const report = (error: unknown) => errors.push(`a client failed: ${error}`)
  for (const [n, action] of history.actions.entries()) {
    time.after(action.at, () => void act(world, subjects, action, n).catch(report))
  }
  const lastAction = Math.max(...history.actions.map(({ at }) => at))
  const end = Math.max(
    lastAction + 2 * MINUTE_MS,
    history.backlog?.to ?? 0,
    ...history.outages.map(({ to }) => to),
  )
  const longest = history.rates.exhausted > 0 ? LONGEST_TROUBLE_WITH_DEAD_LETTERS_MS : LONGEST_TROUBLE_MS
  time.after(Math.min(end, longest), faults.stop)
  // By then every event was looked at once more: the intervals double.
  const healed = Math.max(2.5 * end + 45 * MINUTE_MS, end + LATEST_LOOK_MS)
  let isOver = false
  lambda.reconcileUntil(() => isOver)
  lambda.clearParkedUntil(() => isOver)
  await time.runUntil(start + healed)
  const isBusy = () => !leftMessages(world, ledger).next().done
  const untilIdle = async () => {
    for (let hours = 1; isBusy() && hours <= 12; hours++) await time.runUntil(time.now() + 60 * MINUTE_MS)
  }
  await untilIdle()
  for (let n = 1; n <= RECONCILES && !isSettled(world); n++) {
    await time.runUntil(time.now() + DAY_MS)
    await untilIdle()
  }
  const healedAt = world.changedAt()
  if (history.rates.eventLost > 0) {
    replayEvents(world)
    await time.runUntil(time.now() + 60 * MINUTE_MS)
  }
  isOver = true
  for (const [n, subject] of subjects.entries()) {
    const image = imageOf(subject)
    if (image) void look(world, subject, image, `at the end ${n}`).catch(report)
  }
  await time.runUntil(time.now() + MINUTE_MS)
  tamper?.(world, subjects)
  const breaches = [...errors, ...ledger.breaches, ...findBreaches(world, subjects, ledger)]
  const isWatchedToTheEnd = world.chance.happens('retention ends', EXPIRED_SHARE)
  return {
    breaches: [...breaches, ...(isWatchedToTheEnd ? await passRetention(world, subjects) : [])],
    steps,
    trace: traceOf(steps, world),
    counts: { ...ledger.counts(subjects), healedMs: Math.max(0, healedAt - start - end) },
  }
}

function traceOf(steps: StepTaken[], { s3, sqs }: World): string {
  const hash = createHash('sha256')
  for (const { time, name, what } of steps) hash.update(`${time} ${name}: ${what}\n`)
  for (const [key, { etag, written }] of s3.objects) hash.update(`${written} ${key} ${etag}\n`)
  for (const { id, body } of sqs.messages(PARKED)) hash.update(`${id} ${body}\n`)
  return hash.digest('hex')
}
