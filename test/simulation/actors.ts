import type { AppliedSettings } from '@darkroom/app-configuration/current-settings'
import {
  firstIdAt,
  type ImageAccepted,
  type ImageId,
  type ImageRef,
  inputKey,
  type NamedPreset,
  parseInputKey,
  s3Uri,
} from '@darkroom/core'
import type { MSKRecord } from 'aws-lambda'
import type { Answer } from '../../services/upload-api/src/testing/send.ts'
import type { Answered } from './answers.ts'
import { abort, complete, sendToS3 } from './direct-uploads.ts'
import { type Action, isDirect, type Picture } from './history.ts'
import { REFUSED_FILENAME, type Stored } from './memory-s3.ts'
import { bytesOf, sha256Of } from './pictures.ts'
import { LIMITS_MS, MINUTE_MS, presetsOf } from './settings.ts'
import {
  BUCKET,
  bridge,
  digest,
  eraseImage,
  getImage,
  IMAGE_QUEUE,
  operator,
  placeHold,
  presets,
  putSettings,
  redevelop,
  redriveParked,
  releaseHold,
  request,
  TOPIC,
  UNDELIVERED,
  uploadImage,
} from './system.ts'
import type { World } from './world.ts'

/** What clients and operators know of a picture: what they did, and what they were told. */
export interface Subject {
  name: string
  picture: Picture
  bytes: Buffer
  sha256: string
  /** The id that its sender chose. */
  chosenId?: ImageId
  /** Whether a client has begun to send it. */
  isSent: boolean
  /** Whether the object is stored that its Kafka record refers to. */
  isClaimStored: boolean
  /** The ids that a client was told with 202. */
  accepted: Set<ImageId>
  /** The offsets of its Kafka records, and of those that Lambda will not deliver again. */
  offsets: Set<number>
  acknowledged: Set<number>
  /** What its clients did, and what they were answered. */
  answers: Answered[]
  hold: 'none' | 'placed' | 'unknown'
  /** Commands that change the hold and are not done. */
  holdCommands: number
  /** Whether several commands ran at once, so that either may have won. */
  isHoldContested: boolean
  wasHeld: boolean
  /** Whether its app has deduplication at some time. */
  mayBeKnown: boolean
}

const ATTEMPTS = 4
const FIRST_WAIT_MS = 1_000

/** How far the clocks of clients are behind. The API takes ids of up to 24 hours ago. */
const CLOCKS_MS = [0, 0, 0, 5 * 60 * MINUTE_MS, 20 * 60 * MINUTE_MS] as const

export function subjectOf(
  { start, chance, history }: Pick<World, 'start' | 'chance' | 'history'>,
  picture: Picture,
  n: number,
): Subject {
  const bytes = bytesOf(picture)
  const hasChosenId = picture.source === 'http' || isDirect(picture)
  const began = new Date(start - chance.pick(`clock ${n}`, CLOCKS_MS))
  const chosenId = `${firstIdAt(began).slice(0, -12)}${String(n).padStart(12, '0')}`
  return {
    name: `picture ${n}`,
    picture,
    bytes,
    sha256: sha256Of(bytes),
    ...(hasChosenId && { chosenId }),
    isSent: false,
    isClaimStored: false,
    accepted: new Set(),
    offsets: new Set(),
    acknowledged: new Set(),
    answers: [],
    hold: 'none',
    holdCommands: 0,
    isHoldContested: false,
    wasHeld: false,
    mayBeKnown:
      picture.app === 'thrifty' ||
      history.actions.some(
        (action) => action.do === 'apply' && action.app === picture.app && action.deduplication,
      ),
  }
}

/** The image that others know of, if there is one. */
export function imageOf({ picture: { app }, chosenId, accepted }: Subject): ImageRef | undefined {
  const imageId = chosenId ?? [...accepted][0]
  return imageId === undefined ? undefined : { app, imageId }
}

/** Does one action of a history to its end. */
export async function act(world: World, subjects: Subject[], action: Action, n: number): Promise<void> {
  if (action.do === 'nothing') return
  if (action.do === 'deploy') return void Object.assign(presets, presetsOf(2))
  if (action.do === 'redrive') return redrive(world, n)
  if (action.do === 'apply') return apply(world, action, n)
  const subject = subjects[action.picture]
  if (!subject) return
  if (action.do === 'send') return send(world, subject, n)
  if (action.do === 'complete') return isDirect(subject.picture) ? complete(world, subject, n) : undefined
  if (action.do === 'abort') return isDirect(subject.picture) ? abort(world, subject, n) : undefined
  const image = imageOf(subject)
  if (!image) return
  if (action.do === 'erase') return erase(world, subject, image, n)
  if (action.do === 'look') return look(world, subject, image, `look ${n}`)
  if (action.do === 'redevelop') return redevelopImage(world, image, action.preset, n)
  if (action.do === 'forge') return forge(world, image, subjects[action.victim])
  return changeHold(world, subject, image, action.do, n)
}

/** A message about an image that names the original of another one. */
function forge({ sqs, time }: World, image: ImageRef, victim: Subject | undefined): void {
  const other = victim && imageOf(victim)
  if (!other || other.imageId === image.imageId) return
  const now = new Date(time.now()).toISOString()
  const MessageBody = JSON.stringify(messageAbout(image, other, victim, now))
  sqs.run('SendMessage', { QueueUrl: IMAGE_QUEUE, MessageBody }, `forged ${now}`)
}

/** @param named the image whose original the message names */
export function messageAbout(
  { app, imageId }: ImageRef,
  named: ImageRef,
  { bytes, sha256 }: Subject,
  now: string,
): ImageAccepted {
  return {
    specversion: '1.0',
    type: 'image.accepted.v1',
    source: '/somewhere',
    id: imageId,
    subject: imageId,
    time: now,
    datacontenttype: 'application/json',
    data: {
      app,
      imageId,
      s3Uri: s3Uri(BUCKET, inputKey(named)),
      contentType: 'image/png',
      bytes: bytes.length,
      sha256,
      acceptedAt: now,
      origin: { kind: 'http' },
      attributes: {},
    },
  }
}

const isFinal = (status: number) => status < 500

/** Repeats a request until it is answered, a few times. */
export async function untilAnswered<Answer extends { status: number }>(
  { processes, sleep }: World,
  name: string,
  attempt: () => Promise<Answer>,
): Promise<Answer | undefined> {
  for (let n = 1; n <= ATTEMPTS; n++) {
    const ended = await processes.invoke(`${name}.${n}`, LIMITS_MS.http, attempt)
    if ('threw' in ended) throw ended.threw
    if ('returned' in ended && isFinal(ended.returned.status)) return ended.returned
    await sleep(FIRST_WAIT_MS * 2 ** n)
  }
  return undefined
}

/** Keeps what a client did and was answered. */
export async function record<Told extends Pick<Answer, 'status'>>(
  { time }: World,
  subject: Subject,
  what: Answered['what'],
  run: () => Promise<Told | undefined>,
  more: (told: Told) => Partial<Answered> = () => ({}),
): Promise<Told | undefined> {
  const answered: Answered = { what, from: time.now(), to: Number.POSITIVE_INFINITY, status: undefined }
  subject.answers.push(answered)
  const told = await run()
  Object.assign(answered, { to: time.now(), status: told?.status, ...(told && more(told)) })
  return told
}

function send(world: World, subject: Subject, n: number): Promise<void> {
  subject.isSent = true
  if (subject.picture.source === 'kafka') return produce(world, subject, n)
  return isDirect(subject.picture) ? sendToS3(world, subject, n) : post(world, subject, n)
}

async function post(world: World, subject: Subject, n: number): Promise<void> {
  const { picture, bytes, chosenId, accepted } = subject
  const answer = await record(
    world,
    subject,
    'send',
    () =>
      untilAnswered(world, `uploadImage ${n}`, () =>
        request(uploadImage, {
          method: 'POST',
          app: picture.app,
          headers: { 'content-type': 'image/png', ...(chosenId && { 'idempotency-key': chosenId }) },
          ...(picture.isRefusedByS3 && { query: { filename: REFUSED_FILENAME } }),
          body: bytes,
        }),
      ),
    ({ status, body }) => ({ isAccepted: status === 202 && !body.duplicate }),
  )
  if (answer?.status === 202 && !answer.body.duplicate) accepted.add(answer.body.id)
}

/** Lambda's poller delivers the record again until it is accepted; sometimes it does so once more, as after a rebalance. */
async function produce(world: World, subject: Subject, n: number) {
  const { processes, sleep, time, chance, faults, start } = world
  const record = recordOf(subject, n, start)
  if (subject.picture.isClaim) await storeClaim(world, subject)
  subject.offsets.add(n)
  if (subject.picture.isOverLimit) {
    await giveUp(world, record)
    subject.acknowledged.add(n)
    return
  }
  const times = chance.whole(`deliveries of ${n}`, 1, 2)
  for (let delivery = 1, accepted = 0; accepted < times; delivery++) {
    const isCalm = delivery > ATTEMPTS
    const ended = await processes.invoke(
      `bridge ${n}.${delivery}`,
      LIMITS_MS.bridge,
      () => bridge({ ...KAFKA, records: { [`${TOPIC}-0`]: [record] } }),
      { isCalm },
    )
    const isDone = 'returned' in ended && ended.returned.batchItemFailures.length === 0
    if (isDone) {
      accepted++
      subject.acknowledged.add(n)
    }
    const isOut = (['s3', 'both'] as const).some((away) => faults.isOut(away, time.now() - start))
    await sleep(isOut ? 300_000 : 2_000 * delivery)
  }
}

/** Lambda's poller keeps a record that fits into no event in a bucket, whose event goes to a queue. */
async function giveUp({ s3, sqs, sleep, time, faults, start, sabotage }: World, record: MSKRecord) {
  while (faults.isOut('s3', time.now() - start)) await sleep(MINUTE_MS)
  const key = `aws/lambda/mapping/${record.offset}`
  const payload = JSON.stringify({ ...KAFKA, records: { [`${TOPIC}-0`]: [record] } })
  const requestContext = { condition: 'MaximumPayloadSizeExceeded' }
  s3.run('PutObject', { Key: key, Body: JSON.stringify({ requestContext, payload }) })
  if (sabotage.undeliveredForgotten) return
  while (faults.isOut('sqs', time.now() - start)) await sleep(MINUTE_MS)
  const MessageBody = JSON.stringify({ Records: [{ s3: { object: { key } } }] })
  sqs.run('SendMessage', { QueueUrl: UNDELIVERED, MessageBody }, `event of ${key}`)
}

/** Of a claim whose name says nothing of its image. */
export const claimOf = ({ picture: { app }, name }: Subject) => `claims/${app}/photographs/${name}.png`

/** The backend of the app stores its object once, before it produces the record. */
async function storeClaim({ s3, sleep, time, faults, start }: World, subject: Subject) {
  const isOut = () => (['s3', 'both'] as const).some((away) => faults.isOut(away, time.now() - start))
  while (isOut()) await sleep(MINUTE_MS)
  if (subject.isClaimStored) return
  subject.isClaimStored = true
  s3.run('PutObject', { Key: claimOf(subject), Body: subject.bytes, ContentType: 'image/png' })
}

const KAFKA = { eventSource: 'SelfManagedKafka', bootstrapServers: 'kafka.example.com:9096' } as const

function recordOf(subject: Subject, n: number, start: number): MSKRecord {
  const { bytes, name, picture } = subject
  const event = {
    specversion: '1.0',
    id: name,
    source: '/web-app-2',
    type: 'image.submitted.v1',
    time: new Date(start).toISOString(),
  }
  const binary = Object.entries(event).map(([attribute, text]) => [`ce_${attribute}`, text])
  const headers: Record<string, string> = picture.isClaim
    ? { 'content-type': 'application/cloudevents+json' }
    : {
        ...Object.fromEntries(binary),
        'content-type': 'image/png',
        ...(picture.isRefusedByS3 && { ce_filename: REFUSED_FILENAME }),
      }
  const claim = JSON.stringify({ ...event, data: { ref: `s3://${BUCKET}/${claimOf(subject)}` } })
  return {
    topic: TOPIC,
    partition: 0,
    offset: n,
    timestamp: start,
    timestampType: 'CREATE_TIME',
    key: '',
    value: (picture.isClaim ? Buffer.from(claim) : bytes).toString('base64'),
    headers: Object.entries(headers).map(([name, text]) => ({ [name]: [...Buffer.from(text)] })),
  }
}

/** The backend of Web App #2 knows its image: that of the original which its record made. */
export function learnKafkaId(subjects: Subject[], key: string, { metadata }: Stored): void {
  const image = parseInputKey(key)
  const offset = /^kafka:.*:(\d+)$/.exec(metadata.origin ?? '')?.[1]
  if (image && offset)
    subjects.find(({ offsets }) => offsets.has(Number(offset)))?.accepted.add(image.imageId)
}

/** The client gives up after some attempts; then the image may be erased or not. */
async function erase(world: World, subject: Subject, { app, imageId }: ImageRef, n: number): Promise<void> {
  await record(world, subject, 'erase', () =>
    untilAnswered(world, `eraseImage ${n}`, () =>
      request(eraseImage, { method: 'DELETE', app, id: imageId }),
    ),
  )
}

export async function look(world: World, subject: Subject, image: ImageRef, name: string): Promise<void> {
  await record(
    world,
    subject,
    'look',
    () =>
      untilAnswered(world, `getImage ${name}`, () =>
        request(getImage, { app: image.app, id: image.imageId }),
      ),
    ({ status, body }) => (status === 200 ? { shown: body.status } : {}),
  )
}

async function redevelopImage({ processes }: World, image: ImageRef, preset: string, n: number) {
  await processes.invoke(`backfill ${n}`, LIMITS_MS.command, () => redevelop(operator, image, preset))
}

/** The operator sends all parked messages of images to the image queue, and repeats the command until it is done. */
async function redrive({ processes, sleep }: World, n: number): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const command = () => redriveParked(operator, {}, async () => {})
    const isCalm = attempt > ATTEMPTS
    const ended = await processes.invoke(`redrive ${n}.${attempt}`, LIMITS_MS.command, command, { isCalm })
    if ('returned' in ended) return
    await sleep(FIRST_WAIT_MS * 2 ** Math.min(attempt, 8))
  }
}

/** The operator repeats the command until it is done. */
async function apply(
  { processes, sleep, time }: World,
  { app, preset, deduplication }: Extract<Action, { do: 'apply' }>,
  n: number,
): Promise<void> {
  const applied: AppliedSettings = {
    over: digest,
    appliedAt: new Date(time.now()).toISOString(),
    settings: { preset: { name: preset, ...presetsOf(1)[preset] } as NamedPreset, deduplication },
  }
  for (let attempt = 1; ; attempt++) {
    const command = () => putSettings(operator.bucket, app, JSON.stringify(applied))
    const isCalm = attempt > ATTEMPTS
    const ended = await processes.invoke(`apply ${n}.${attempt}`, LIMITS_MS.command, command, { isCalm })
    if ('returned' in ended) return
    await sleep(FIRST_WAIT_MS * 2 ** Math.min(attempt, 8))
  }
}

/** The operator repeats the command until it is done. */
async function changeHold(
  { processes, sleep }: World,
  subject: Subject,
  image: ImageRef,
  change: 'hold' | 'release',
  n: number,
): Promise<void> {
  subject.hold = 'unknown'
  subject.wasHeld = true
  if (subject.holdCommands > 0) subject.isHoldContested = true
  subject.holdCommands += 1
  for (let attempt = 1; ; attempt++) {
    const command = async () => {
      if (change === 'hold') return placeHold(operator.bucket, image, { placedAt: '', reason: 'case 1' })
      await releaseHold(operator.bucket, image)
      return 0
    }
    const isCalm = attempt > ATTEMPTS
    const ended = await processes.invoke(`${change} ${n}.${attempt}`, LIMITS_MS.command, command, { isCalm })
    if ('returned' in ended) {
      subject.holdCommands -= 1
      if (subject.holdCommands > 0) return
      if (!subject.isHoldContested) subject.hold = ended.returned > 0 ? 'placed' : 'none'
      subject.isHoldContested = false
      return
    }
    await sleep(FIRST_WAIT_MS * 2 ** Math.min(attempt, 8))
  }
}
