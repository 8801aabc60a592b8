/** Each check of the oracle can fail: what one of them looks for is changed after a sound history. `sabotage.ts` breaks the rest. */
import { gzipSync } from 'node:zlib'
import {
  claimKey,
  collectedKey,
  dateOf,
  firstIdAt,
  heldPrefix,
  inputKey,
  metadataKey,
  newImageId,
  OUTCOMES,
  processedKey,
  toCollectedLine,
} from '@darkroom/core'
import { expect, test } from '@jest/globals'
import { imageOf, messageAbout, type Subject } from './actors.ts'
import type { Answered } from './answers.ts'
import { NO_FAULTS } from './faults.ts'
import type { History } from './history.ts'
import { QUIET_QUEUES } from './oracle.ts'
import { runHistory } from './run-history.ts'
import { DAY_MS, MINUTE_MS } from './settings.ts'
import { PARKED } from './system.ts'
import type { World } from './world.ts'

/** One picture that is sent over HTTP and processed. */
const SOUND: History = {
  seed: 1,
  pictures: [{ source: 'http', app: 'web-app-1', bytes: 0 }],
  actions: [{ do: 'send', picture: 0, at: 0 }],
  rates: NO_FAULTS,
  outages: [],
}

/** The same, and all retention periods end: those of original, variants and document after 20, 40 and 60 days. */
const EXPIRED: History = { ...SOUND, seed: 9 }

/** One picture whose messages fail at each receive. */
const EXHAUSTED: History = {
  ...SOUND,
  actions: [...SOUND.actions, { do: 'nothing', at: 70 * MINUTE_MS }],
  rates: { ...NO_FAULTS, exhausted: 1 },
}

const OTHER_ID = newImageId()

function imageAndSubject([subject]: Subject[]) {
  const image = subject && imageOf(subject)
  if (!subject || !image) throw new Error('nothing was sent')
  return { subject, image }
}

const put = ({ s3 }: World, Key: string, Body: string | Buffer = 'bytes') =>
  s3.run('PutObject', { Key, Body })

function answer(
  subject: Subject,
  what: Answered['what'],
  status: number,
  more: Partial<Answered> = {},
): void {
  const from = subject.answers.at(-1)?.to ?? 0
  subject.answers.push({ what, from, to: from, status, ...more })
}

/** Another file of events, with the image's event changed: its envelope, its document, or the app in it. */
function collect(
  world: World,
  subjects: Subject[],
  { app, data, ...envelope }: { app?: string; data?: object; [name: string]: unknown },
): void {
  const event = {
    ...JSON.parse(world.published[0] ?? ''),
    dt: dateOf(imageAndSubject(subjects).image.imageId),
  }
  const changed = { ...event, ...envelope, data: { ...event.data, ...data, ...(app && { app }) } }
  const time = new Date(world.time.now()).toISOString()
  const lines = gzipSync(toCollectedLine(changed, time))
  put(world, collectedKey({ kind: OUTCOMES, time, file: '00000000' }), lines)
}

type Tamper = (world: World, subjects: Subject[]) => void
const CASES: [string, Tamper, RegExp][] = [
  [
    'one picture became two images',
    (_, subjects) => imageAndSubject(subjects).subject.accepted.add(OTHER_ID),
    /picture 0 became/,
  ],
  [
    'an accepted image has no document',
    (_, subjects) => imageAndSubject(subjects).subject.accepted.add(OTHER_ID),
    /was accepted and is not finished/,
  ],
  [
    'the original has other bytes',
    (world, subjects) => put(world, inputKey(imageAndSubject(subjects).image)),
    /is not what was sent/,
  ],
  [
    'the original is gone',
    ({ s3 }, subjects) => s3.objects.delete(inputKey(imageAndSubject(subjects).image)),
    /the original of .* is gone/,
  ],
  [
    'a variant has other bytes',
    (world) => put(world, [...world.s3.objects.keys()].find((key) => key.startsWith('processed/')) ?? ''),
    /is not of default v1/,
  ],
  [
    'a variant is gone',
    ({ s3 }) => s3.objects.delete([...s3.objects.keys()].find((key) => key.startsWith('processed/')) ?? ''),
    /is in the document and not stored/,
  ],
  [
    'a variant is not listed',
    (world, subjects) => {
      const variant = { ...imageAndSubject(subjects).image, variant: 'large', extension: 'jpg' } as const
      put(world, processedKey(variant))
    },
    /is not in the document/,
  ],
  [
    'the document cannot be read',
    (world, subjects) => put(world, metadataKey(imageAndSubject(subjects).image), '{'),
    /cannot be read/,
  ],
  [
    'the status goes backwards',
    (_, subjects) => answer(imageAndSubject(subjects).subject, 'look', 200, { shown: 'queued' }),
    /was processed, then queued/,
  ],
  [
    'a client was told that its image is erased, and it is not',
    (_, subjects) => answer(imageAndSubject(subjects).subject, 'erase', 200),
    /was told erased and is processed/,
  ],
  [
    'the API contradicts itself',
    (_, subjects) => answer(imageAndSubject(subjects).subject, 'look', 404),
    /look was answered 404 instead of 200/,
  ],
  [
    'a hold is gone',
    (_, subjects) => Object.assign(imageAndSubject(subjects).subject, { hold: 'placed' }),
    /has lost its hold/,
  ],
  [
    'copies are kept without a hold',
    (world, subjects) => put(world, `${heldPrefix(imageAndSubject(subjects).image)}copy`),
    /is kept without a hold/,
  ],
  [
    'an object is stored under an app that sent nothing',
    (world) => put(world, inputKey({ app: 'nobody', imageId: OTHER_ID })),
    /belongs to no app/,
  ],
  [
    'a claim check was left',
    (world, subjects) => put(world, claimKey(imageAndSubject(subjects).image)),
    /claims.* was left/,
  ],
  [
    'a multipart upload was left',
    ({ s3 }) => {
      s3.run('CreateMultipartUpload', { Key: 'uploads/a' })
      const [UploadId] = s3.uploads.keys()
      s3.run('UploadPart', { UploadId, PartNumber: 1, Body: 'part' })
    },
    /a multipart upload was left/,
  ],
  [
    'a message is parked and its image is processed',
    ({ sqs }, subjects) => {
      const { image, subject } = imageAndSubject(subjects)
      const MessageBody = JSON.stringify(messageAbout(image, image, subject, new Date().toISOString()))
      sqs.run('SendMessage', { QueueUrl: PARKED, MessageBody }, 'parked')
    },
    /is parked, and the image is processed/,
  ],
  [
    'a client that was refused has another image',
    (world, [subject]) => {
      if (!subject) throw new Error('nothing was sent')
      subject.picture.source = 'http without a key'
      put(world, inputKey({ ...subject.picture, imageId: OTHER_ID }), subject.bytes)
    },
    /became another image/,
  ],
  ['a document was not announced', ({ published }) => published.splice(0), /was not announced/],
  [
    'the last event of an image says something else',
    ({ published }) => {
      const event = JSON.parse(published[0] ?? '')
      published.push(
        JSON.stringify({ ...event, sequence: 'F'.repeat(32), data: { ...event.data, width: 1 } }),
      )
    },
    /was announced last as processed, which its document is not/,
  ],
  [
    'collected events are gone',
    ({ s3 }) => {
      for (const key of s3.objects.keys()) if (key.startsWith('collected/')) s3.objects.delete(key)
    },
    /was not collected/,
  ],
  [
    'an event is collected that was never published',
    (world, subjects) => collect(world, subjects, { id: 'another' }),
    /was collected that was not published/,
  ],
  [
    'an event is collected as one of another day',
    (world, subjects) => collect(world, subjects, { dt: '2020-01-01' }),
    /was collected as one of 2020-01-01/,
  ],
  [
    'an event is collected with what was never true',
    (world, subjects) => collect(world, subjects, { sequence: '', data: { status: 'lost' } }),
    /was collected as lost, which none of its documents was/,
  ],
  [
    'an event is collected with the document of another app',
    (world, subjects) => collect(world, subjects, { sequence: '', app: 'thrifty' }),
    /was collected as processed, which none of its documents was/,
  ],
  [
    'the table says something else than the document',
    (world, subjects) => collect(world, subjects, { sequence: 'F'.repeat(32), data: { status: 'lost' } }),
    /is lost in the table, which its document is not/,
  ],
  ['an event cannot be read', ({ published }) => published.push('{}'), /an event cannot be read/],
  ...QUIET_QUEUES.map((QueueUrl): (typeof CASES)[number] => [
    `a message is left in ${QueueUrl.split('/').at(-1)}`,
    ({ sqs }) => sqs.run('SendMessage', { QueueUrl, MessageBody: '{}' }, 'left'),
    /1 messages are left/,
  ]),
]

/** Does something on a day while the retention periods end, a minute after S3 has deleted what has expired by then. */
function onDay(day: number, { start, time }: World, event: () => void): void {
  time.after(start + day * DAY_MS + MINUTE_MS - time.now(), event)
}

const EXPIRED_CASES: typeof CASES = [
  [
    'something appears after its retention',
    (world, subjects) => onDay(30, world, () => put(world, inputKey(imageAndSubject(subjects).image))),
    /input.* appeared after its retention/,
  ],
  [
    'something is left after its retention',
    (world, subjects) => onDay(65, world, () => put(world, inputKey(imageAndSubject(subjects).image))),
    /input.* is left after its retention/,
  ],
  [
    'a file of events is left after its retention',
    (world) =>
      onDay(95, world, () => {
        const time = new Date(world.time.now()).toISOString()
        put(world, collectedKey({ kind: 'image.refused.v1', time, file: '00000000' }), '')
      }),
    /collected.* is left after its retention/,
  ],
  [
    'a multipart upload is left after its retention',
    (world) => onDay(65, world, () => void world.s3.run('CreateMultipartUpload', { Key: 'uploads/a' })),
    /a multipart upload is left after its retention/,
  ],
  [
    'the status is gone before its retention ends',
    (world, subjects) =>
      onDay(30, world, () => void world.s3.objects.delete(metadataKey(imageAndSubject(subjects).image))),
    /picture 0 is 404 instead of processed after 20 days/,
  ],
  [
    'an id is not said to be expired',
    (world, [subject]) => {
      const later = firstIdAt(new Date(world.start + 60 * DAY_MS))
      onDay(65, world, () => Object.assign(subject ?? {}, { chosenId: later, accepted: new Set([later]) }))
    },
    /picture 0 is 404 instead of 410 after 60 days/,
  ],
]

const EXHAUSTED_CASES: typeof CASES = [
  [
    'a dead letter is not parked',
    ({ sqs }) => {
      for (const { receipt } of sqs.messages(PARKED))
        sqs.run('DeleteMessage', { QueueUrl: PARKED, ReceiptHandle: receipt }, '')
    },
    /failed, and its message is not parked/,
  ],
  [
    'the reason of a failure is replaced',
    (world, subjects) => {
      const key = metadataKey(imageAndSubject(subjects).image)
      const document = JSON.parse(world.s3.objects.get(key)?.body.toString() ?? '')
      for (const failure_type of ['corrupt-image', 'retries-exhausted'])
        put(world, key, JSON.stringify({ ...document, failure_type }))
    },
    /was told corrupt-image, then retries-exhausted/,
  ],
]

test.each([
  ['sound', SOUND, { processed: 1 }],
  ['expired', EXPIRED, { processed: 1 }],
  ['exhausted', EXHAUSTED, { failed: 1 }],
])('of %s histories nothing is found', async (_, history, expected) => {
  const { breaches, counts } = await runHistory(history)
  expect(breaches).toEqual([])
  expect(counts).toMatchObject(expected)
})

const ALL_CASES = [
  ...CASES.map((given) => [...given, SOUND] as const),
  ...EXPIRED_CASES.map((given) => [...given, EXPIRED] as const),
  ...EXHAUSTED_CASES.map((given) => [...given, EXHAUSTED] as const),
]

test.each(ALL_CASES)('the oracle sees it if %s', async (_, tamper, breach, history) => {
  const { breaches } = await runHistory(history, { tamper })
  expect(breaches).toEqual(expect.arrayContaining([expect.stringMatching(breach)]))
})
