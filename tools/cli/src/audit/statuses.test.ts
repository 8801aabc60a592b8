import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { putDocument } from '@darkroom/bucket'
import { type ImageRef, inputKey, metadataKey } from '@darkroom/core'
import { startLocalAws } from '@darkroom/local-aws'
import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { openStatuses, pathOf } from './statuses.ts'
import {
  type AuditedStore,
  accept,
  acceptAndProcess,
  failedDocument,
  openAuditedStore,
  processedDocument,
  writeReceipt,
} from './testing/audited-store.ts'

const aws = await startLocalAws()
const folder = await mkdtemp(join(tmpdir(), 'statuses-'))
afterAll(async () => {
  await aws.stop()
  await rm(folder, { recursive: true })
})

let store: AuditedStore
let file: string
let tests = 0
beforeEach(async () => {
  tests += 1
  store = await openAuditedStore(aws.endpoint, `statuses-${tests}`)
  file = join(folder, `${tests}`)
})
afterEach(() => store.close())

const processed = (app?: string) => acceptAndProcess(store, app)
async function failed(): Promise<ImageRef> {
  const image = await accept(store)
  await putDocument(store.bucket, failedDocument(image))
  return image
}
async function erased(): Promise<ImageRef> {
  const image = await processed()
  for (const key of [inputKey(image), image.thumb]) await store.remove(key)
  await writeReceipt(store, image)
  return image
}
const write = (image: ImageRef, document: object) => store.put(metadataKey(image), JSON.stringify(document))
const remove = async (...keys: string[]) => {
  for (const key of keys) await store.remove(key)
}
/** What the second audit says of statuses. */
const regressions = async (now?: number) => {
  const breaches = await store.auditStatuses(file, now === undefined ? {} : { now })
  return breaches.filter(({ class: kind }) => kind === 'status-regression')
}
const regression = (image: ImageRef, detail: string) => ({
  class: 'status-regression',
  key: metadataKey(image),
  detail: `it was ${detail}`,
})

test('a status may advance, from audit to audit', async () => {
  for (const app of ['a', 'a-b', 'ab']) await processed(app)
  const [queued, later, gone] = [await accept(store), await failed(), await processed()]
  await erased()
  expect(await regressions()).toEqual([])
  await putDocument(store.bucket, failedDocument(queued))
  await write(later, processedDocument(later))
  await remove(inputKey(gone), gone.thumb)
  await writeReceipt(store, gone)
  expect(await regressions()).toEqual([])
  expect((await readFile(file, 'utf8')).split('\n')).toEqual(
    expect.arrayContaining([`${pathOf(later)} processed`, `${pathOf(gone)} erased`]),
  )
  expect(await regressions()).toEqual([])
})

describe('a status that went back is found', () => {
  test('from processed to failed', async () => {
    const image = await processed()
    await regressions()
    await write(image, failedDocument(image))
    expect(await regressions()).toEqual([
      regression(image, 'processed at an earlier audit, now it is failed'),
    ])
  })

  test('from processed or failed to queued', async () => {
    const images = [await processed(), await failed()]
    await regressions()
    for (const image of images) await store.remove(metadataKey(image))
    expect(await regressions()).toEqual(
      expect.arrayContaining([
        regression(images[0] as ImageRef, 'processed at an earlier audit, now it is queued'),
        regression(images[1] as ImageRef, 'failed at an earlier audit, now it is queued'),
      ]),
    )
  })

  test('from erased to anything', async () => {
    const image = await erased()
    const other = await erased()
    await regressions()
    await write(image, processedDocument(image))
    await store.remove(metadataKey(other))
    expect(await regressions()).toEqual(
      expect.arrayContaining([
        regression(image, 'erased at an earlier audit, now it is processed'),
        regression(other, 'erased at an earlier audit, now nothing of it is stored'),
      ]),
    )
  })

  test('to nothing at all, before its retention has ended', async () => {
    const [queued, done] = [await accept(store), await processed()]
    await processed()
    await regressions()
    await remove(inputKey(queued), inputKey(done), done.thumb, metadataKey(done))
    const inDays = (days: number) => Date.now() + days * 24 * 3_600_000
    expect(await regressions(inDays(31))).toEqual([
      regression(done, 'processed at an earlier audit, now nothing of it is stored'),
    ])
  })

  test('until it is mended', async () => {
    const [failed, gone] = [await processed(), await processed()]
    await regressions()
    await write(failed, failedDocument(failed))
    await remove(inputKey(gone), gone.thumb, metadataKey(gone))
    for (const _ of [1, 2]) expect(await regressions()).toHaveLength(2)
    for (const image of [failed, gone]) await write(image, processedDocument(image))
    expect(await regressions()).toEqual([])
  })

  test('also if a document could not be read in between', async () => {
    const image = await processed()
    await regressions()
    await store.put(metadataKey(image), '{')
    expect(await regressions()).toEqual([])
    await write(image, failedDocument(image))
    expect(await regressions()).toEqual([
      regression(image, 'processed at an earlier audit, now it is failed'),
    ])
  })
})

test('what vanished with its retention is not a breach, and is forgotten', async () => {
  const image = await processed()
  await regressions()
  await remove(inputKey(image), image.thumb, metadataKey(image))
  expect(await regressions(Date.now() + 91 * 24 * 3_600_000)).toEqual([])
  expect(await readFile(file, 'utf8')).not.toContain(image.imageId)
})

test('an audit that is continued writes each image once', async () => {
  const images = [await processed('a'), await processed('b')]
  await regressions()
  const complete = await readFile(file, 'utf8')
  const first = await openStatuses(file, store.bucket.name)
  const [{ image, status } = { image: images[0] as ImageRef, status: '' }] = await toArray(
    first.earlier(undefined),
  )
  await first.remember([{ image, status }])
  const reached = first.bytes()
  // Written after the checkpoint, before the audit stopped.
  await first.remember([{ image: images[1] as ImageRef, status: 'queued' }])
  await first.close()
  const second = await openStatuses(file, store.bucket.name, reached)
  const rest = await toArray(second.earlier(pathOf(image)))
  expect(rest).toEqual([{ image: { app: 'b', imageId: images[1]?.imageId }, status: 'processed' }])
  await second.remember(rest)
  await second.complete()
  await second.close()
  expect(await readFile(file, 'utf8')).toBe(complete)
})

async function toArray<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = []
  for await (const item of items) all.push(item)
  return all
}

test('statuses of another store are refused', async () => {
  await regressions()
  await expect(openStatuses(file, 'another')).rejects.toThrow('has no statuses of another')
})
