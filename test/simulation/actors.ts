import {
  firstIdAt,
  type ImageId,
  type ImageRef,
  type ImageStatus,
  parseInputKey,
  toUserMetadata,
  uploadKey,
} from '@darkroom/core'
import type { MSKRecord } from 'aws-lambda'
import type { Action, Picture } from './history.ts'
import type { Stored } from './memory-s3.ts'
import { damaged, sha256Of, sound } from './pictures.ts'
import { LIMITS_MS, presetsOf } from './settings.ts'
import {
  bridge,
  completeUpload,
  eraseImage,
  getImage,
  operator,
  placeHold,
  presetConfiguration,
  redevelop,
  releaseHold,
  request,
  TOPIC,
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
  /** The ids that a client was told with 202. */
  accepted: Set<ImageId>
  /** The offsets of its Kafka records. */
  offsets: Set<number>
  /** Whether `erase` was answered 200. */
  isErased: boolean
  hold: 'none' | 'placed' | 'unknown'
  /** Commands that change the hold and are not done. */
  holdCommands: number
  /** Whether several commands ran at once, so that either may have won. */
  isHoldContested: boolean
  looks: { from: number; to: number; status: ImageStatus['status'] }[]
}

const ATTEMPTS = 4
const FIRST_WAIT_MS = 1_000

export function subjectOf({ start }: Pick<World, 'start'>, picture: Picture, n: number): Subject {
  const bytes = picture.bytes === 'damaged' ? damaged : (sound[picture.bytes] ?? damaged)
  const hasChosenId = picture.source === 'http' || picture.source === 'direct upload'
  const chosenId = `${firstIdAt(new Date(start)).slice(0, -12)}${String(n).padStart(12, '0')}`
  return {
    name: `picture ${n}`,
    picture,
    bytes,
    sha256: sha256Of(bytes),
    ...(hasChosenId && { chosenId }),
    isSent: false,
    accepted: new Set(),
    offsets: new Set(),
    isErased: false,
    hold: 'none',
    holdCommands: 0,
    isHoldContested: false,
    looks: [],
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
  if (action.do === 'deploy') return void Object.assign(presetConfiguration.presets, presetsOf(2))
  const subject = subjects[action.picture]
  if (!subject) return
  if (action.do === 'send') return send(world, subject, n)
  const image = imageOf(subject)
  if (!image) return
  if (action.do === 'erase') return erase(world, subject, image, n)
  if (action.do === 'look') return look(world, subject, image, `look ${n}`)
  if (action.do === 'redevelop') return redevelopImage(world, image, action.preset, n)
  return changeHold(world, subject, image, action.do, n)
}

const isFinal = (status: number) => status < 500

/** Repeats a request until it is answered, a few times. */
async function untilAnswered<Answer extends { status: number }>(
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

function send(world: World, subject: Subject, n: number): Promise<void> {
  subject.isSent = true
  if (subject.picture.source === 'kafka') return produce(world, subject, n)
  return subject.picture.source === 'direct upload' ? sendToS3(world, subject, n) : post(world, subject, n)
}

async function post(world: World, subject: Subject, n: number): Promise<void> {
  const { picture, bytes, chosenId, accepted } = subject
  const answer = await untilAnswered(world, `uploadImage ${n}`, () =>
    request(uploadImage, {
      method: 'POST',
      app: picture.app,
      headers: { 'content-type': 'image/png', ...(chosenId && { 'idempotency-key': chosenId }) },
      body: bytes,
    }),
  )
  if (answer?.status === 202 && !answer.body.duplicate) accepted.add(answer.body.id)
}

/** The form was answered before: only the transfer and its completion are part of a history. */
async function sendToS3(world: World, subject: Subject, n: number): Promise<void> {
  const { picture, bytes, chosenId = '', accepted } = subject
  const upload = { app: picture.app, imageId: chosenId, bytes: bytes.length }
  const metadata = { app: picture.app, origin: { kind: 'http' as const }, attributes: {} }
  const object = { Body: bytes, ContentType: 'image/png', Metadata: toUserMetadata(metadata) }
  const sent = await world.processes.invoke(`browser ${n}`, LIMITS_MS.http, () =>
    world.processes.step('s3', 'POST uploads', () =>
      world.s3.run('PutObject', { Key: uploadKey(upload), ...object }),
    ),
  )
  if (!('returned' in sent) || world.chance.happens(`browser ${n} is closed`, 0.3)) return
  const id = chosenId
  const answer = await untilAnswered(world, `completeUpload ${n}`, () =>
    request(completeUpload, { method: 'POST', path: `/v1/uploads/${id}/complete`, app: picture.app, id }),
  )
  if (answer?.status === 202) accepted.add(answer.body.id)
}

/** Lambda's poller delivers the record again until it is accepted; sometimes it does so once more, as after a rebalance. */
async function produce(
  { processes, sleep, time, chance, faults, start }: World,
  subject: Subject,
  n: number,
) {
  const record = recordOf(subject, n, start)
  subject.offsets.add(n)
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
    if (isDone) accepted++
    await sleep(faults.isOut('s3', time.now() - start) ? 300_000 : 2_000 * delivery)
  }
}

const KAFKA = { eventSource: 'SelfManagedKafka', bootstrapServers: 'kafka.example.com:9096' } as const

function recordOf({ bytes, name }: Subject, n: number, start: number): MSKRecord {
  const headers = {
    ce_specversion: '1.0',
    ce_id: name,
    ce_source: '/web-app-2',
    ce_type: 'image.submitted.v1',
    ce_time: new Date(start).toISOString(),
    'content-type': 'image/png',
  }
  return {
    topic: TOPIC,
    partition: 0,
    offset: n,
    timestamp: start,
    timestampType: 'CREATE_TIME',
    key: '',
    value: bytes.toString('base64'),
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
  const answer = await untilAnswered(world, `eraseImage ${n}`, () =>
    request(eraseImage, { method: 'DELETE', app, id: imageId }),
  )
  if (answer?.status === 200) subject.isErased = true
}

export async function look(world: World, subject: Subject, image: ImageRef, name: string): Promise<void> {
  const from = world.time.now()
  const answer = await untilAnswered(world, `getImage ${name}`, () =>
    request(getImage, { app: image.app, id: image.imageId }),
  )
  if (answer?.status !== 200) return
  subject.looks.push({ from, to: world.time.now(), status: answer.body.status })
}

async function redevelopImage({ processes }: World, image: ImageRef, preset: string, n: number) {
  await processes.invoke(`backfill ${n}`, LIMITS_MS.command, () => redevelop(operator, image, preset))
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
