/** Each check of the oracle can fail: what one of them looks for is changed after a sound history. `sabotage.ts` breaks the rest. */
import { claimKey, heldPrefix, inputKey, metadataKey, newImageId, processedKey } from '@darkroom/core'
import { expect, test } from '@jest/globals'
import { imageOf, messageAbout, type Subject } from './actors.ts'
import type { Answered } from './answers.ts'
import { NO_FAULTS } from './faults.ts'
import type { History } from './history.ts'
import { runHistory } from './run-history.ts'
import { DEAD_LETTERS, IMAGE_QUEUE, PARKED } from './system.ts'
import type { World } from './world.ts'

/** One picture that is sent over HTTP and processed. */
const SOUND: History = {
  seed: 1,
  pictures: [{ source: 'http', app: 'web-app-1', bytes: 0 }],
  actions: [{ do: 'send', picture: 0, at: 0 }],
  rates: NO_FAULTS,
  outages: [],
}

const OTHER_ID = newImageId()

function imageAndSubject([subject]: Subject[]) {
  const image = subject && imageOf(subject)
  if (!subject || !image) throw new Error('nothing was sent')
  return { subject, image }
}

const put = ({ s3 }: World, Key: string, Body = 'bytes') => s3.run('PutObject', { Key, Body })

function answer(
  subject: Subject,
  what: Answered['what'],
  status: number,
  more: Partial<Answered> = {},
): void {
  const from = subject.answers.at(-1)?.to ?? 0
  subject.answers.push({ what, from, to: from, status, ...more })
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
  ...[IMAGE_QUEUE, DEAD_LETTERS].map((QueueUrl): (typeof CASES)[number] => [
    `a message is left in ${QueueUrl.split('/').at(-1)}`,
    ({ sqs }) => sqs.run('SendMessage', { QueueUrl, MessageBody: '{}' }, 'left'),
    /1 messages are left/,
  ]),
]

test('of a sound history nothing is found', async () => {
  const { breaches, counts } = await runHistory(SOUND)
  expect([breaches, counts.processed]).toEqual([[], 1])
})

test.each(CASES)('the oracle sees it if %s', async (_, tamper, breach) => {
  const { breaches } = await runHistory(SOUND, { tamper })
  expect(breaches).toEqual(expect.arrayContaining([expect.stringMatching(breach)]))
})
