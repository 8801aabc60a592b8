import {
  type ImageId,
  metadataKey,
  ProblemError,
  parseInputKey,
  parseProcessedKey,
  RECONCILED_KEY,
  readImageAccepted,
} from '@darkroom/core'
import type { SQSBatchResponse, SQSRecord } from 'aws-lambda'
import type { Developer } from '../../services/image-processor/src/development/develop.ts'
import { EngineDeath } from '../../services/image-processor/src/development/engine-death.ts'
import { developed, sha256Of } from './pictures.ts'
import { believe, blame } from './sabotage.ts'
import {
  CLEAR_PARKED_MS,
  COLLECT_MS,
  DAY_MS,
  LIMITS_MS,
  MAX_BATCH,
  MAX_COLLECTED,
  MINUTE_MS,
} from './settings.ts'
import {
  announceOutcomes,
  BUCKET,
  bridgeUndelivered,
  COLLECT,
  clearParked,
  collectEvents,
  DEAD_LETTERS,
  IMAGE_QUEUE,
  OUTCOMES,
  PARKED,
  processImages,
  reconcileImages,
  settleDeadLetters,
  UNDELIVERED,
  WATCH,
  watchImages,
} from './system.ts'
import type { World } from './world.ts'

/** What Lambda does: polls the queues, runs the functions, deletes what they have handled, keeps the schedules. */
export interface Lambda {
  /** Polls a queue when a message becomes visible. */
  pollLater(url: string, inMs: number): void
  /** Runs the daily reconcile, if there is something to find, and sometimes if there is not. */
  reconcileUntil(isOver: () => boolean): void
  /** Deletes parked messages of finished images on schedule. */
  clearParkedUntil(isOver: () => boolean): void
}

const IDLE_RECONCILE_SHARE = 0.1
const OUTAGE_POLL_MS = 5 * MINUTE_MS
/** A message that crashes at each of its five receives may fail, so the last ones are without faults, except outages. */
const MAX_FAULTY_RECEIVES = 3
/** Of processImages, with one image: its document and original are read, it is developed, two variants are written. */
const STEPS_BEFORE_COMMIT = 5

export function createLambda(world: () => World): Lambda {
  /** The hashes of pictures that an engine died of. */
  const survivors = new Set<string>()
  /** Invocations whose engine is killed, or is not. Of the others it depends on chance. */
  const engines = new Map<string, 'killed' | 'calm'>()
  const developer: Developer = {
    name: 'sharp',
    develop: (original, preset) => {
      const { processes, faults, sabotage } = world()
      return processes.step('engine', 'develop', (name) => {
        const [invocation = ''] = name.split(' / ')
        const engine = engines.get(invocation)
        if (engine === 'killed' || (engine !== 'calm' && faults.happens('engineKilled', name)))
          throw new Error('the engine was killed')
        const sha256 = sha256Of(original)
        // A second death would be evidence against the image.
        if (!survivors.has(sha256) && faults.happens('engineDied', name)) {
          survivors.add(sha256)
          throw sabotage.blamedAtOnce ? verdict() : new EngineDeath(verdict())
        }
        return developed(original, preset)
      })
    },
  }
  const consume = processImages(developer)

  const handlers: Record<string, (records: SQSRecord[]) => Promise<void>> = {
    [IMAGE_QUEUE]: async (records) => {
      const { faults } = world()
      const exhausted = records.filter(({ messageId }) => faults.happens('exhausted', messageId))
      const others = records.filter((record) => !exhausted.includes(record))
      if (isLate(others)) engines.set(nameOf('processImages', others), 'calm')
      if (others.length > 0) void processBatch(others)
      for (const record of exhausted) void exhaust(record)
    },
    [DEAD_LETTERS]: (records) =>
      handle(world(), DEAD_LETTERS, 'settleDeadLetters', LIMITS_MS.settleDeadLetters, records, () =>
        settleDeadLetters({ Records: world().sabotage.deadLettersBlamed ? records.map(blame) : records }),
      ),
    [UNDELIVERED]: async (records) => {
      for (const record of records)
        void handle(world(), UNDELIVERED, 'bridgeUndelivered', LIMITS_MS.bridge, [record], async () => {
          await bridgeUndelivered({ Records: [record] })
          return { batchItemFailures: [] }
        })
    },
    [OUTCOMES]: (records) =>
      handle(world(), OUTCOMES, 'announceOutcomes', LIMITS_MS.announceOutcomes, records, () =>
        announceOutcomes({ Records: records }),
      ),
    [COLLECT]: (records) =>
      handle(world(), COLLECT, 'collectEvents', LIMITS_MS.collectEvents, records, () =>
        collectEvents({ Records: records }),
      ),
    [WATCH]: (records) => {
      const { sabotage, sqs } = world()
      if (sabotage.noWatch) {
        for (const { receiptHandle: ReceiptHandle } of records)
          sqs.run('DeleteMessage', { QueueUrl: WATCH, ReceiptHandle }, '')
        return Promise.resolve()
      }
      const { unwatchedPrefix } = sabotage
      const Records = unwatchedPrefix
        ? records.filter(({ body }) => !body.includes(`"${unwatchedPrefix}`))
        : records
      return handle(world(), WATCH, 'watchImages', LIMITS_MS.watchImages, records, () =>
        watchImages({ Records }),
      )
    },
  }

  const processBatch = (records: SQSRecord[], maxSteps?: number) => {
    const { sabotage, redirects } = world()
    const Records = sabotage.urisBelieved ? records.map((record) => believe(record, redirects)) : records
    const run = (getRemainingTimeInMillis: () => number) => consume({ Records }, { getRemainingTimeInMillis })
    return handle(world(), IMAGE_QUEUE, 'processImages', LIMITS_MS.processImages, records, run, maxSteps)
  }

  /** A receive that fails before its image is committed: its engine is killed, or it crashes at one of its first steps. */
  const exhaust = (record: SQSRecord) => {
    const { chance, exhausted } = world()
    const { message } = readImageAccepted(record.body, BUCKET)
    if (message) exhausted.add(message.data.imageId)
    const { receiptHandle } = record
    const isKilled = chance.happens(`engine of ${receiptHandle}`, 0.5)
    if (isKilled) engines.set(nameOf('processImages', [record]), 'killed')
    const maxSteps = chance.whole(`steps of ${receiptHandle}`, 0, STEPS_BEFORE_COMMIT)
    return processBatch([record], isKilled ? undefined : maxSteps)
  }

  const poll = (url: string) => {
    const { sqs, time, start, chance, faults, history } = world()
    if (faults.isOut('sqs', time.now() - start)) return pollLater(url, OUTAGE_POLL_MS)
    const { from, to } = history.backlog ?? { from: 0, to: 0 }
    const sinceStart = time.now() - start
    if (url === IMAGE_QUEUE && from <= sinceStart && sinceStart < to) return pollLater(url, to - sinceStart)
    const [first] = sqs.messages(url).filter(({ visibleAt }) => visibleAt <= time.now())
    if (!first) return
    const most = url === COLLECT ? MAX_COLLECTED : MAX_BATCH
    const limit = chance.whole(`batch of ${first.id} ${first.receives}`, 1, most)
    const records = sqs.receive(url, limit)
    if (sqs.messages(url).some(({ visibleAt }) => visibleAt <= time.now())) pollLater(url, 0)
    if (records.length > 0) handlers[url]?.(records)
  }
  const pollLater = (url: string, inMs: number) => {
    const { time } = world()
    const gatherMs = url === COLLECT ? COLLECT_MS : 10
    if (handlers[url]) time.after(inMs + gatherMs, () => poll(url))
  }

  const reconcileNow = async (isOver: () => boolean) => {
    const { time, start, processes, sabotage, chance, faults, s3 } = world()
    if (isOver() || sabotage.noReconcile) return
    time.after(DAY_MS, () => void reconcileNow(isOver))
    const day = Math.floor((time.now() - start) / DAY_MS)
    if (isSettled(world()) && !chance.happens(`idle reconcile on day ${day}`, IDLE_RECONCILE_SHARE)) {
      const isAway = (['s3', 'sqs', 'both'] as const).some((away) => faults.isOut(away, time.now() - start))
      if (!isAway) s3.run('PutObject', { Key: RECONCILED_KEY, Body: dateOn(time.now() - DAY_MS) })
      return
    }
    if (sabotage.twoDays) s3.run('PutObject', { Key: RECONCILED_KEY, Body: dateOn(time.now() - 2 * DAY_MS) })
    const scheduled = { time: new Date(time.now()).toISOString() }
    // Lambda repeats a failed invocation twice.
    for (let attempt = 1; attempt <= 3; attempt++) {
      const name = `reconcileImages ${day}.${attempt}`
      const run = () => reconcileImages(scheduled)
      const options = { isTroubled: attempt < 3 }
      const ended = await processes.invoke(name, LIMITS_MS.reconcileImages, run, options)
      if ('returned' in ended) return
    }
  }

  const clearParkedNow = async (isOver: () => boolean) => {
    const { time, start, sqs, processes, sabotage } = world()
    if (isOver()) return
    time.after(CLEAR_PARKED_MS, () => void clearParkedNow(isOver))
    if (sqs.messages(PARKED).length === 0 || sabotage.parkedForever) return
    const minute = Math.floor((time.now() - start) / MINUTE_MS)
    await processes.invoke(`clearParked ${minute}`, LIMITS_MS.clearParked, clearParked)
  }
  return {
    pollLater,
    reconcileUntil: (isOver) => world().time.after(DAY_MS, () => void reconcileNow(isOver)),
    clearParkedUntil: (isOver) => void clearParkedNow(isOver),
  }
}

const dateOn = (time: number) => new Date(time).toISOString().slice(0, 10)

/** Whether every original has a document that is not older, variants of one attempt, and nothing was begun and not ended. */
export function isSettled({ s3 }: World): boolean {
  if (s3.uploads.size > 0) return false
  const developments = new Map<ImageId, string | undefined>()
  for (const [key, { written }] of s3.objects) {
    if (key.startsWith('uploads/') || key.startsWith('erasing/')) return false
    const variant = parseProcessedKey(key)
    if (variant) {
      const { imageId, development } = variant
      if (developments.has(imageId) && developments.get(imageId) !== development) return false
      developments.set(imageId, development)
    }
    const image = parseInputKey(key)
    if (image && written > (s3.objects.get(metadataKey(image))?.written ?? 0)) return false
  }
  return true
}

/** While most functions run. */
const LATEST_REDELIVERY_MS = 10_000

const nameOf = (handler: string, records: SQSRecord[]) =>
  `${handler} ${records.map(({ receiptHandle }) => receiptHandle).join()}`

const isLate = (records: SQSRecord[]) =>
  records.some(({ attributes }) => Number(attributes.ApproximateReceiveCount) > MAX_FAULTY_RECEIVES)

const verdict = () => new ProblemError('corrupt-image', 'simulated')

async function handle(
  { processes, chance, faults, sqs, sabotage, start, time }: World,
  url: string,
  handler: string,
  limitMs: number,
  records: SQSRecord[],
  run: (remainingMs: () => number) => Promise<SQSBatchResponse>,
  maxSteps?: number,
): Promise<void> {
  for (const { messageId, receiptHandle } of records) {
    if (faults.happens('redelivered', receiptHandle))
      sqs.redeliver(url, messageId, chance.number(`redelivery of ${receiptHandle}`) * LATEST_REDELIVERY_MS)
    if (messageId.endsWith("'") || !faults.happens('duplicate', receiptHandle)) continue
    const latest = chance.pick(`lateness of ${receiptHandle}`, [100, 10_000, 30 * MINUTE_MS])
    sqs.duplicate(url, messageId, chance.number(`delay of ${receiptHandle}`) * latest)
  }
  const acknowledge = ({ receiptHandle }: SQSRecord) =>
    sqs.run('DeleteMessage', { QueueUrl: url, ReceiptHandle: receiptHandle }, '')
  if (sabotage.acknowledgedEarly === (url === COLLECT ? 'events' : 'images')) records.map(acknowledge)
  const options = { isCalm: isLate(records), ...(maxSteps !== undefined && { maxSteps }) }
  const ended = await processes.invoke(nameOf(handler, records), limitMs, run, options)
  if (!('returned' in ended) || faults.isOut('sqs', time.now() - start)) return
  const failed = new Set(ended.returned.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier))
  for (const record of records) {
    const isLeft = faults.happens('undeleted', record.receiptHandle)
    if (!failed.has(record.messageId) && !isLeft) acknowledge(record)
  }
}
