import type { ImageId } from '@darkroom/core'
import { type Chance, chanceOf } from './chance.ts'
import { type Faults, faultsOf } from './faults.ts'
import type { History } from './history.ts'
import { createMemoryS3, type Input, type MemoryS3, type Stored } from './memory-s3.ts'
import { createMemorySqs, type MemorySqs } from './memory-sqs.ts'
import { createProcesses, type Processes, type StepTaken } from './processes.ts'
import { sendEvents } from './s3-events.ts'
import { reorderWrites, type Sabotage, sabotageS3 } from './sabotage.ts'
import { seedCrypto } from './seeded-crypto.ts'
import { QUEUES } from './settings.ts'
import { connect, DEAD_LETTERS, IMAGE_QUEUE, PARKED, UNDELIVERED, WATCH } from './system.ts'
import { startVirtualTime, type VirtualTime } from './virtual-time.ts'

/** Everything around the handlers during one history. */
export interface World {
  history: History
  sabotage: Sabotage
  /** Keys of originals that a believed message replaced by others. */
  redirects: Map<string, string>
  /** Images whose messages were made to fail at each receive. */
  exhausted: Set<ImageId>
  start: number
  time: VirtualTime
  chance: Chance
  faults: Faults
  s3: MemoryS3
  sqs: MemorySqs
  processes: Processes
  /** Resolves so much later. */
  sleep(milliseconds: number): Promise<void>
  /** Gives `Date` and `crypto` back. */
  close(): void
}

interface Options {
  sabotage: Sabotage
  suppressed?: ReadonlySet<string> | undefined
  hasSites: boolean
  onStep(taken: StepTaken): void
  onWritten(key: string, object: Stored): void
  onVisible(url: string, inMs: number): void
}

/** Midnight is near in some histories, because dates are part of the keys. */
const STARTS = [Date.UTC(2026, 10, 28, 10, 0, 7), Date.UTC(2026, 10, 28, 23, 58, 31)] as const

export function openWorld(history: History, options: Options): World {
  const { sabotage, suppressed, hasSites, onStep, onWritten, onVisible } = options
  const chance = chanceOf(history.seed)
  const start = chance.pick('start', STARTS)
  const time = startVirtualTime(start)
  const faults = faultsOf(chance, history.rates, history.outages, suppressed)
  const s3 = createMemoryS3(time.now, (key, object) => {
    onWritten(key, object)
    announce(key)
  })
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
      { ...QUEUES.undelivered, url: UNDELIVERED },
      { ...QUEUES.parked, url: PARKED },
      {
        ...QUEUES.watch,
        url: WATCH,
        deadLetters: { url: PARKED, maxReceives: QUEUES.watch.maxReceives },
      },
    ],
    time.now,
    onVisible,
  )
  const announce = sendEvents({ sqs, time, start, chance, faults })
  const processes = createProcesses({ time, start, chance, faults, hasSites, onStep })
  const giveCryptoBack = seedCrypto(processes.random)
  const redirects = new Map<string, string>()
  const runS3 = sabotageS3(s3, sabotage, redirects)
  const sendToS3 = (command: string, input: Input) =>
    processes.step('s3', `${command} ${placeOf(input)}`, (name) => runS3(name, command, input))
  const sendInOrder = sabotage.documentFirst ? reorderWrites(sendToS3) : sendToS3
  const runSqs = (command: string, input: Input) =>
    processes.step('sqs', `${command} ${placeOf(input)}`, (name) => {
      if (sabotage.unparked && command === 'SendMessage' && input.QueueUrl === PARKED) return {}
      if (sabotage.neverSentAgain && name.startsWith('processImages') && command === 'SendMessage')
        throw new Error('sabotage')
      return sqs.run(command, input, name)
    })
  const sendToSqs = async (command: string, input: Input) => {
    const isUpload = processes.running().startsWith('uploadImage')
    return runSqs(command, input).catch((error) => {
      if (!sabotage.refusedWithoutQueue || !isUpload) throw error
      // Until its function is killed: its client knows no id, and sends again.
      return new Promise(() => {})
    })
  }
  connect({ s3: sendInOrder, sqs: sendToSqs })
  const sleep = (milliseconds: number) => new Promise<void>((resolve) => time.after(milliseconds, resolve))
  const close = () => {
    time.stop()
    giveCryptoBack()
  }
  const exhausted = new Set<ImageId>()
  return {
    history,
    sabotage,
    redirects,
    exhausted,
    start,
    time,
    chance,
    faults,
    s3,
    sqs,
    processes,
    sleep,
    close,
  }
}

/** The first part of the key, or the name of the queue: what does not change from image to image. */
function placeOf({ Key, Prefix, QueueUrl }: Input): string {
  if (QueueUrl !== undefined) return QueueUrl.split('/').at(-1)
  return (Key ?? Prefix ?? '').split('/')[0]
}
