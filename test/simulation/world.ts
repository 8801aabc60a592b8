import { type Chance, chanceOf } from './chance.ts'
import { type Faults, faultsOf } from './faults.ts'
import type { History } from './history.ts'
import { createMemoryS3, type Input, type MemoryS3, type Stored } from './memory-s3.ts'
import { createMemorySqs, type MemorySqs } from './memory-sqs.ts'
import { createProcesses, type Processes, type StepTaken } from './processes.ts'
import { QUEUES } from './settings.ts'
import { connect, DEAD_LETTERS, IMAGE_QUEUE, PARKED } from './system.ts'
import { startVirtualTime, type VirtualTime } from './virtual-time.ts'

/** Ways to break Darkroom or what it relies on, to show that the oracle sees it. */
export interface Sabotage {
  /** S3 ignores If-Match and If-None-Match. */
  unconditionalWrites?: boolean
  /** The sweep never runs. */
  noSweep?: boolean
  /** Deletions below this prefix do nothing. */
  keptPrefix?: string
  /** Messages are deleted when they are delivered, not when they are done. */
  acknowledgedEarly?: boolean
  /** Writes below this prefix are acknowledged and lost. */
  lostPrefix?: string
  /** The death of the engine's process is the image's fault at once. */
  blamedAtOnce?: boolean
}

/** Everything around the handlers during one history. */
export interface World {
  history: History
  sabotage: Sabotage
  start: number
  time: VirtualTime
  chance: Chance
  faults: Faults
  s3: MemoryS3
  sqs: MemorySqs
  processes: Processes
  /** Resolves so much later. */
  sleep(milliseconds: number): Promise<void>
}

interface Options {
  sabotage: Sabotage
  suppressed?: ReadonlySet<string> | undefined
  onStep(taken: StepTaken): void
  onWritten(key: string, object: Stored): void
  onVisible(url: string, inMs: number): void
}

/** Midnight is near in some histories, because dates are part of the keys. */
const STARTS = [Date.UTC(2026, 10, 28, 10, 0, 7), Date.UTC(2026, 10, 28, 23, 58, 31)] as const

export function openWorld(history: History, options: Options): World {
  const { sabotage, suppressed, onStep, onWritten, onVisible } = options
  const chance = chanceOf(history.seed)
  const start = chance.pick('start', STARTS)
  const time = startVirtualTime(start)
  const faults = faultsOf(chance, history.rates, history.outages, suppressed)
  const s3 = createMemoryS3(time.now, onWritten)
  const sqs = createMemorySqs(
    [
      {
        ...QUEUES.images,
        url: IMAGE_QUEUE,
        deadLetters: { url: DEAD_LETTERS, maxReceives: QUEUES.images.maxReceives },
      },
      {
        ...QUEUES.deadLetters,
        url: DEAD_LETTERS,
        deadLetters: { url: PARKED, maxReceives: QUEUES.deadLetters.maxReceives },
      },
      { ...QUEUES.parked, url: PARKED },
    ],
    time.now,
    onVisible,
  )
  const processes = createProcesses({ time, start, chance, faults, onStep })
  connect((service, command, input) =>
    processes.step(service, `${command} ${placeOf(input)}`, (name) =>
      service === 'sqs' ? sqs.run(command, input, name) : runS3(s3, command, input, sabotage),
    ),
  )
  const sleep = (milliseconds: number) => new Promise<void>((resolve) => time.after(milliseconds, resolve))
  return { history, sabotage, start, time, chance, faults, s3, sqs, processes, sleep }
}

/** The first part of the key, or the name of the queue: what does not change from image to image. */
function placeOf({ Key, Prefix, QueueUrl }: Input): string {
  if (QueueUrl !== undefined) return QueueUrl.split('/').at(-1)
  return (Key ?? Prefix ?? '').split('/')[0]
}

function runS3(s3: MemoryS3, command: string, input: Input, sabotage: Sabotage): unknown {
  const { unconditionalWrites, keptPrefix, lostPrefix } = sabotage
  if (command === 'DeleteObject' && keptPrefix && input.Key.startsWith(keptPrefix)) return {}
  if (command === 'PutObject' && lostPrefix && input.Key.startsWith(lostPrefix)) return { ETag: '"lost"' }
  if (!unconditionalWrites) return s3.run(command, input)
  const { IfMatch: _, IfNoneMatch: __, ...always } = input
  return s3.run(command, always)
}
