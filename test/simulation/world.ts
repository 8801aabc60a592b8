import { NoSuchKey } from '@aws-sdk/client-s3'
import {
  findOwner,
  type ImageId,
  inputKey,
  parseUploadKey,
  RECONCILED_KEY,
  readImageAccepted,
} from '@darkroom/core'
import { type Chance, chanceOf } from './chance.ts'
import { type Faults, faultsOf } from './faults.ts'
import type { History } from './history.ts'
import { createMemoryS3, type Input, type MemoryS3, noSuchKey, type Stored } from './memory-s3.ts'
import { createMemorySqs, type MemorySqs } from './memory-sqs.ts'
import { createProcesses, type Processes, type StepTaken } from './processes.ts'
import { sendEvents } from './s3-events.ts'
import { reorderWrites, type Sabotage, sabotageS3 } from './sabotage.ts'
import { seedCrypto } from './seeded-crypto.ts'
import { LIMITS_MS, QUEUES } from './settings.ts'
import {
  BUCKET,
  COLLECT,
  connect,
  DEAD_LETTERS,
  IMAGE_QUEUE,
  OUTCOMES,
  PARKED,
  UNANNOUNCED,
  UNCOLLECTED,
  UNDELIVERED,
  WATCH,
} from './system.ts'
import { deliverToCollector } from './topic.ts'
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
  /** The messages that the events topic has taken. */
  published: string[]
  /** What the watch queue has added to a backlog, as breaches. */
  added: string[]
  /** When an object was written or deleted last, except those of abandoned multipart uploads, and collected events. */
  changedAt(): number
  /** When settings could not be read. */
  failedReads: number[]
  /** Reads what was applied to an app, for all invocations of a service. */
  readSettings(input: Input): Promise<unknown>
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

/** As SETTINGS_TIMEOUTS of packages/bucket. */
const SETTINGS_LIMIT_MS = 1_000

export function openWorld(history: History, options: Options): World {
  const { sabotage, suppressed, hasSites, onStep, onWritten, onVisible } = options
  const chance = chanceOf(history.seed)
  const start = chance.pick('start', STARTS)
  const time = startVirtualTime(start)
  const faults = faultsOf(chance, history.rates, history.outages, suppressed)
  let changed = start
  /** Images of multipart uploads whose clients left: only the daily reconcile completes them. */
  const abandoned = new Set<string>()
  const s3 = createMemoryS3(
    time.now,
    (key, object) => {
      onWritten(key, object)
      announce(key)
    },
    (key) => {
      const isCounted = key !== RECONCILED_KEY && !key.startsWith('collected/')
      if (isCounted && !abandoned.has(findOwner(key)?.imageId ?? '')) changed = time.now()
    },
  )
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
      {
        ...QUEUES.outcomes,
        url: OUTCOMES,
        deadLetters: { url: UNANNOUNCED, maxReceives: QUEUES.outcomes.maxReceives },
      },
      { ...QUEUES.parked, url: UNANNOUNCED },
      {
        ...QUEUES.collect,
        url: COLLECT,
        deadLetters: { url: UNCOLLECTED, maxReceives: QUEUES.collect.maxReceives },
      },
      { ...QUEUES.parked, url: UNCOLLECTED },
    ],
    time.now,
    onVisible,
  )
  const announce = sendEvents({ sqs, time, start, chance, faults })
  const deliver = deliverToCollector({ sqs, time, start, chance, faults, sabotage })
  const processes = createProcesses({ time, start, chance, faults, hasSites, onStep })
  const giveCryptoBack = seedCrypto(processes.random)
  const redirects = new Map<string, string>()
  const runS3 = sabotageS3(s3, sabotage, redirects)
  /** Invocations that complete uploads, which may enqueue what was accepted before. */
  const completing = new Set<string>()
  const sendToS3 = (command: string, input: Input) => {
    if (placeOf(input) === 'uploads') completing.add(processes.running())
    const isReconciled = command === 'CompleteMultipartUpload' && processes.running().startsWith('reconcile')
    if (isReconciled) abandoned.add(parseUploadKey(input.Key)?.imageId ?? '')
    return processes.step('s3', `${command} ${placeOf(input)}`, (name) => runS3(name, command, input))
  }
  const sendInOrder = sabotage.documentFirst ? reorderWrites(sendToS3) : sendToS3
  const runSqs = (command: string, input: Input) =>
    processes.step('sqs', `${command} ${placeOf(input)}`, (name) => {
      if (sabotage.unparked && command === 'SendMessage' && input.QueueUrl === PARKED) return {}
      if (sabotage.neverSentAgain && name.startsWith('processImages') && command === 'SendMessage')
        throw new Error('sabotage')
      const result = sqs.run(command, input, name)
      return isBacklog() ? withBacklog(name, command, input, result) : result
    })
  const isBacklog = (forMs = 0) => {
    const { from, to } = history.backlog ?? { from: 0, to: 0 }
    return from + forMs <= time.now() - start && time.now() - start < to
  }
  const added: string[] = []
  /** The queue says that others wait too. What the watch queue sends nevertheless is kept, unless it completes an upload. */
  const withBacklog = (name: string, command: string, input: Input, result: unknown) => {
    if (!name.startsWith('watchImages') || input.QueueUrl !== IMAGE_QUEUE) return result
    const [invocation = ''] = name.split(' / ')
    const isCompleting = completing.has(invocation)
    const isSeen = command === 'GetQueueAttributes' && !sabotage.backlogUnseen
    if (isSeen)
      return {
        Attributes: { ApproximateNumberOfMessages: '5000', ApproximateNumberOfMessagesNotVisible: '0' },
      }
    const image = command === 'SendMessage' && readImageAccepted(input.MessageBody, BUCKET).message?.data
    const writtenAt = image && s3.objects.get(inputKey(image))?.written
    if (isCompleting || !writtenAt) return result
    if (time.now() - writtenAt > LIMITS_MS.watchImages && isBacklog(LIMITS_MS.watchImages))
      added.push(`${image.imageId} was added to a backlog`)
    return result
  }
  const published: string[] = []
  const sendToSns = (command: string, { PublishBatchRequestEntries }: Input) =>
    processes.step('sns', `${command} events`, () => {
      if (sabotage.unannounced) return {}
      for (const { Message } of PublishBatchRequestEntries) {
        published.push(Message)
        deliver(Message)
      }
      return {}
    })
  const sendToSqs = async (command: string, input: Input) => {
    const isUpload = processes.running().startsWith('uploadImage')
    return runSqs(command, input).catch((error) => {
      if (!sabotage.refusedWithoutQueue || !isUpload) throw error
      // Until its function is killed: its client knows no id, and sends again.
      return new Promise(() => {})
    })
  }
  connect({ s3: sendInOrder, sqs: sendToSqs, sns: sendToSns })
  const failedReads: number[] = []
  const readSettings = async (input: Input) => {
    if (sabotage.settingsUnread || !history.actions.some((action) => action.do === 'apply')) throw noSuchKey()
    const shared = { limitMs: SETTINGS_LIMIT_MS, isShared: true }
    try {
      return await processes.step(
        's3',
        'GetObject settings',
        (name) => runS3(name, 'GetObject', input),
        shared,
      )
    } catch (error) {
      if (!(error instanceof NoSuchKey)) failedReads.push(time.now())
      throw error
    }
  }
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
    published,
    added,
    changedAt: () => changed,
    failedReads,
    readSettings,
    sleep,
    close,
  }
}

/** The first part of the key, or the name of the queue: what does not change from image to image. */
function placeOf({ Key, Prefix, QueueUrl }: Input): string {
  if (QueueUrl !== undefined) return QueueUrl.split('/').at(-1)
  return (Key ?? Prefix ?? '').split('/')[0]
}
