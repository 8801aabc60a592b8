import { createHash } from 'node:crypto'
import { CreateMultipartUploadCommand } from '@aws-sdk/client-s3'
import {
  createClaim,
  getText,
  linkClaim,
  listObjects,
  putDocument,
  putReconciled,
  putRejected,
  putRowsCompared,
  putTablesMaintained,
  rememberBytes,
} from '@darkroom/bucket'
import { type LocalCatalogue, openCatalogue } from '@darkroom/catalogue'
import {
  claimKey,
  deriveImageId,
  erasureKey,
  eventKey,
  eventOf,
  hashKey,
  heldPrefix,
  holdKey,
  type ImageRef,
  inputKey,
  linkKey,
  metadataKey,
  newImageId,
  PLACES,
  processedKey,
  receiptHash,
  receiptKey,
  rejectedKey,
  uploadKey,
} from '@darkroom/core'
import { startLocalAws } from '@darkroom/local-aws'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import sharp from 'sharp'
import { collectStored } from '../../../catalogue/src/testing/collect-documents.ts'
import { collectedUntil } from './check-catalogue.ts'
import { decodeShare } from './decode.ts'
import { lookForErased } from './look-for-erased.ts'
import { CATALOGUE_PLACES } from './look-in-catalogue.ts'
import type { Looked } from './looked.ts'
import { QUEUE_NAMES } from './queues.ts'
import { listHeads, ReceiptHead } from './receipt-heads.ts'
import {
  type AuditedStore,
  accept,
  acceptAndProcess,
  failedDocument,
  openAuditedStore,
  PICTURE,
  processedDocument,
  writeReceipt,
} from './testing/audited-store.ts'
import {
  DAMAGES,
  messageOf,
  OTHER_SHA256,
  REQUEST,
  s3EventOf,
  undeliveredBatch,
  unknown,
} from './testing/damages.ts'

const aws = await startLocalAws()
const stores: AuditedStore[] = []
afterAll(async () => {
  for (const open of stores) open.close()
  await aws.stop()
})

let store: AuditedStore
beforeEach(async () => {
  store = await openAuditedStore(aws.endpoint, `audited-${stores.length}`)
  stores.push(store)
})

/** For tests of other places. */
const withoutQueues = { queues: undefined }

const DAY_MS = 24 * 3_600_000

const BATCH = 'aws/lambda/5e8a/2026/11/28/a b+c'

const processed = () => acceptAndProcess(store)
/** The same store with everything that is allowed, under several apps whose names begin alike. */
async function fillSoundly(): Promise<void> {
  for (const app of ['a', 'a-b', 'ab', 'web-app-1']) await acceptAndProcess(store, app)
  const failed = await accept(store)
  await putDocument(store.bucket, failedDocument(failed))
  await store.send('images-parked', messageOf(store, failed))
  await rememberBytes(store.bucket, failed, undefined)
  await store.put(eventKey(eventOf(failed)), failed.imageId)
  await store.put(holdKey(failed), '{}')
  await store.put(heldPrefix(failed) + inputKey(failed))
  await writeReceipt(store, unknown())
  await store.put(`claims/web-app-1/my photo.jpg`)
  await createClaim(store.bucket, { ...failed, bytes: PICTURE, contentType: 'image/webp' })
  await linkClaim(store.bucket, failed, 'claims/web-app-1/my photo.jpg')
  const reason = { slug: 'corrupt-image', detail: '' }
  const record = { topic: 'images', date: '2026-11-23', partition: 0, offset: 1 }
  await putRejected(store.bucket, record, {}, reason, failed)
  await store.put(uploadKey({ ...unknown(), bytes: 5 }))
  await store.send('images-parked', s3EventOf(store.bucket, inputKey(failed)))
  await store.send('outcomes-dead-letters', s3EventOf(store.bucket, metadataKey(failed)))
  await store.putUndelivered(BATCH, undeliveredBatch('a', 'b'))
  await store.send('undelivered', s3EventOf(store.undelivered, BATCH))
  await putReconciled(store.bucket, '2026-11-28')
  await putRowsCompared(store.bucket, { date: '2026-11-28', isFinished: true })
  await putTablesMaintained(store.bucket, { date: '2026-11-28', left: [{ kind: 'clean', table: 'images' }] })
}

test('a sound store has no breach', async () => {
  await fillSoundly()
  const { total, breaches } = await store.audit({ decode: decodeShare(store.bucket, 1) })
  expect(breaches).toEqual([])
  expect(total).toMatchObject({ images: 7, objects: 30 })
})

test('with --hashes, an original with another hash than its document is found, whichever is older', async () => {
  const image = await processed()
  const document = processedDocument(image, image.thumb)
  await store.put(metadataKey(image), JSON.stringify({ ...document, sha256: OTHER_SHA256 }))
  expect((await store.audit({}, withoutQueues)).found).toEqual([])
  expect((await store.audit({ hashes: true }, withoutQueues)).found).toEqual([
    ['wrong-bytes', inputKey(image)],
  ])
})

test('a dead letter without a stored image is found; the others are about to be settled', async () => {
  for (const body of [
    '{}',
    messageOf(store, unknown()),
    messageOf(store, await accept(store)),
    messageOf(store, await processed()),
  ])
    await store.send('images-dead-letters', body)
  const { found } = await store.audit()
  expect(found).toEqual(Array(2).fill(['orphan', store.nameOf('images-dead-letters')]))
  // Other receivers see them again.
  expect((await store.audit()).found).toEqual(found)
})

test('an image that is accepted or being processed is not a breach until it should be finished', async () => {
  const image = await accept(store)
  await store.put(processedKey({ ...image, variant: 'thumb', extension: 'webp' }), PICTURE)
  expect((await store.audit({ settledMs: 60_000 })).breaches).toEqual([])
  await store.send('images', messageOf(store, image))
  const waiting = await store.audit()
  expect([waiting.found, waiting.total.waiting]).toEqual([[], 1])
})

test('more unfinished images than messages are a breach', async () => {
  const [first, second] = [await accept(store), await accept(store)]
  await store.send('images', messageOf(store, first))
  expect((await store.audit()).found).toEqual([
    ['unfinished', inputKey(first)],
    ['unfinished', inputKey(second)],
  ])
})

describe('of a damaged store', () => {
  const expected = new Map<string, [string, string][]>()
  let found: unknown[][]
  beforeAll(async () => {
    store = await openAuditedStore(aws.endpoint, 'damaged')
    stores.push(store)
    await fillSoundly()
    for (const [name, damage] of Object.entries(DAMAGES)) expected.set(name, await damage(store))
    const audited = await store.audit()
    found = audited.found
  })

  test.each(Object.keys(DAMAGES))('%s is found', (name) => {
    expect(found).toEqual(expect.arrayContaining(expected.get(name) ?? []))
  })

  test('nothing else is found, and nothing twice', () => {
    expect(found.toSorted()).toEqual([...expected.values()].flat().toSorted())
  })
})

describe('the catalogue', () => {
  let catalogue: LocalCatalogue
  const auditWith = async (now = Date.now() + 1_000) => {
    const collected = new Date(Date.now() + 1_000)
    return (await store.audit({ now }, { ...withoutQueues, catalogue: { catalogue, collected } })).breaches
  }
  const row = (image: ImageRef) => `images WHERE image_id = '${image.imageId}'`
  const difference = (image: ImageRef, detail: string) => ({
    class: 'catalogue-difference',
    key: metadataKey(image),
    detail,
  })
  const openCollected = async () => {
    await collectStored(store.bucket)
    return openCatalogue(store.bucket.s3, store.bucket.name)
  }
  afterEach(() => catalogue.close())

  test('equals the documents after a merge', async () => {
    await fillSoundly()
    catalogue = await openCollected()
    expect(await auditWith()).toEqual([])
  })

  test('a row that is missing, differs, or is of an erased or expired image is found', async () => {
    const [missing, other, erased, gone] = [
      await processed(),
      await processed(),
      await processed(),
      await processed(),
    ]
    catalogue = await openCollected()
    await catalogue.query(`CREATE TABLE kept AS FROM images`)
    await removeAll(erased)
    await removeAll(gone)
    await writeReceipt(store, erased)
    await catalogue.refresh()
    await catalogue.query(
      `DELETE FROM collected_outcomes; INSERT INTO images FROM kept WHERE image_id = '${gone.imageId}'`,
    )
    await catalogue.query(`DELETE FROM ${row(missing)}`)
    await catalogue.query(
      `UPDATE images SET bytes = 1, attributes = '{}x' WHERE image_id = '${other.imageId}'`,
    )
    const expected = [
      difference(missing, 'the catalogue has no row of this processed image'),
      difference(other, 'its row in the catalogue has other values: attributes, bytes'),
      { class: 'not-erased', key: metadataKey(erased), detail: 'the catalogue still has its row' },
      difference(gone, 'the catalogue has a row without a document'),
    ]
    expect(await auditWith()).toEqual(expect.arrayContaining(expected))
    expect(await auditWith()).toHaveLength(expected.length)
  })

  test('a row that outlived its retention is found', async () => {
    const image = await processed()
    catalogue = await openCollected()
    await removeAll(image)
    for await (const { key } of listObjects(store.bucket, 'collected/')) await store.remove(key)
    await catalogue.query('DELETE FROM image_documents')
    expect(await auditWith(Date.now() + 92 * DAY_MS)).toEqual([])
    expect(await auditWith(Date.now() + 94 * DAY_MS)).toEqual([
      { class: 'past-retention', key: metadataKey(image), detail: 'the catalogue still has its row' },
    ])
  })

  test('the search for an erased image finds its row', async () => {
    const image = await processed()
    catalogue = await openCollected()
    const looked: Looked[] = []
    for await (const each of lookForErased({ bucket: store.bucket, catalogue: { catalogue }, image }))
      looked.push(each)
    const tables = looked.filter(({ place }) => Object.values(CATALOGUE_PLACES).flat().includes(place))
    expect(tables.flatMap(({ place, found }) => (found.length > 0 ? [place] : []))).toEqual([
      'table images',
      'table image_documents',
    ])
    expect(tables.filter(({ how }) => how.startsWith('not looked at'))).toEqual([])
  })

  test('a row that shows that the status went back is found', async () => {
    const [failed, older, queued] = [await processed(), await processed(), await processed()]
    catalogue = await openCollected()
    await catalogue.query('CREATE TABLE kept AS FROM images')
    await store.put(metadataKey(failed), JSON.stringify(failedDocument(failed)))
    await store.remove(metadataKey(queued))
    await catalogue.refresh()
    await catalogue.query('DELETE FROM images; INSERT INTO images FROM kept')
    await catalogue.query(
      `UPDATE images SET finished_at = finished_at + INTERVAL 1 HOUR WHERE image_id = '${older.imageId}'`,
    )
    const regression = (image: ImageRef, detail: string) => ({
      class: 'status-regression',
      key: metadataKey(image),
      detail,
    })
    const found = await auditWith()
    expect(found.filter(({ class: kind }) => kind === 'status-regression')).toEqual(
      expect.arrayContaining([
        regression(failed, 'the catalogue has it as processed, from before, the document says failed'),
        regression(older, 'the catalogue has it as processed, from later, the document says processed'),
        regression(queued, 'the catalogue has a row, the original has no document'),
      ]),
    )
  })

  async function removeAll(image: ImageRef & { thumb: string }): Promise<void> {
    for (const key of [inputKey(image), image.thumb, metadataKey(image)]) await store.remove(key)
  }
})

test('the last changes may wait for their collection', () => {
  const now = Date.parse('2026-11-28T10:30:00Z')
  expect(collectedUntil(now)).toEqual(new Date('2026-11-28T10:15:00Z'))
})

describe('the chain of receipts', () => {
  const images = () => Array.from({ length: 4 }, () => ({ app: 'chained', imageId: newImageId() }))
  const linkOf = (sequence: number) => receiptKey({ app: 'chained', sequence })
  const textOf = async (key: string) => (await getText(store.bucket, key))?.text ?? ''
  const rewrite = async (key: string, from: string | RegExp, to: string) =>
    store.put(key, (await textOf(key)).replace(from, to))
  let erased: ImageRef[]
  const forged = { app: 'chained', imageId: newImageId() }
  beforeEach(async () => {
    erased = images()
    for (const image of erased) await writeReceipt(store, image)
  })
  const second = () => metadataKey(erased[1] as ImageRef)
  const last = () => metadataKey(erased[3] as ImageRef)

  test.each<[string, () => Promise<unknown>, () => string[]]>([
    ['a link that was removed', () => store.remove(linkOf(2)), () => [linkOf(2), linkOf(3)]],
    ['the newest link that was removed', () => store.remove(linkOf(4)), () => [linkOf(4)]],
    [
      'a link that was changed',
      () => rewrite(linkOf(2), /"previous":"[0-9a-f]{64}"/, `"previous":"${OTHER_SHA256}"`),
      () => [linkOf(2), linkOf(3)],
    ],
    [
      'a link with another number',
      () => rewrite(linkOf(2), '"sequence":2', '"sequence":9'),
      () => [linkOf(2), linkOf(3)],
    ],
    [
      'a link of no receipt that was added',
      async () => {
        const link = { sequence: 5, previous: receiptHash(await textOf(linkOf(4))), receipt: OTHER_SHA256 }
        return store.put(linkOf(5), JSON.stringify({ ...link, imageId: forged.imageId }))
      },
      () => [metadataKey(forged)],
    ],
    ['a receipt that was removed', () => store.remove(second()), () => [second()]],
    ['a receipt that was changed', () => rewrite(second(), 'c0ffee', 'decade'), () => [second()]],
    [
      'a receipt that was added',
      async () => {
        const receipt = await textOf(last())
        return store.put(metadataKey(forged), receipt.replace(erased[3]?.imageId ?? '', forged.imageId))
      },
      () => [metadataKey(forged)],
    ],
  ])('%s is found', async (_, tamper, expected) => {
    expect((await store.audit({}, withoutQueues)).breaches).toEqual([])
    await tamper()
    const { breaches } = await store.audit({}, withoutQueues)
    const broken = breaches.filter(({ class: kind }) => kind === 'broken-chain').map(({ key }) => key)
    expect([...new Set(broken)].toSorted()).toEqual(expected().toSorted())
  })
})

test('a kept head finds newest links that were removed with their receipts', async () => {
  const images = Array.from({ length: 3 }, unknown)
  for (const image of images) await writeReceipt(store, image)
  const [printed = ''] = await listHeads(store.bucket)
  const heads = [ReceiptHead.parse(printed)]
  expect((await store.audit({}, { ...withoutQueues, heads })).breaches).toEqual([])
  const newest = receiptKey({ app: 'web-app-1', sequence: 3 })
  for (const key of [newest, metadataKey(images[2] as ImageRef)]) await store.remove(key)
  expect((await store.audit({}, withoutQueues)).breaches).toEqual([])
  expect((await store.audit({}, { ...withoutQueues, heads })).found).toEqual([['broken-chain', newest]])
})

describe('the search for an erased image', () => {
  const search = async (image: ImageRef) => {
    const looked: Looked[] = []
    const { bucket, undelivered, queues } = store
    for await (const each of lookForErased({ bucket, undelivered, queues, image, sha256: SHA256 }))
      looked.push(each)
    return looked
  }

  test('names every place, and finds nothing after an erasure', async () => {
    await fillSoundly()
    const image = unknown()
    await writeReceipt(store, image)
    const looked = await search(image)
    expect(looked.filter(({ found }) => found.length > 0)).toEqual([
      expect.objectContaining({ place: 'claims/' }),
    ])
    expect(looked.map(({ place }) => place)).toEqual([
      ...PLACES.map((place) => `${place}/`),
      'undelivered records',
      ...QUEUE_NAMES.map((name) => `queue ${name}`),
      ...Object.values(CATALOGUE_PLACES).flat(),
      'logs',
    ])
    expect(looked.filter(({ how }) => how.startsWith('there is no'))).toEqual([])
    expect(looked).toContainEqual({ place: 'receipts/', how: 'its receipt is number 2, kept', found: [] })
  })

  test('finds what is left, wherever it is', async () => {
    const image = { ...unknown(), sha256: SHA256 }
    const ref = { topic: 'images', date: '2026-11-23', partition: 0, offset: 7 }
    const claim = 'claims/web-app-1/any name'
    const upload = uploadKey({ ...image, bytes: 5 })
    const keys = [
      ...[claim, claimKey(image), inputKey(image), upload, holdKey(image)],
      ...[erasureKey({ ...image, request: REQUEST }), metadataKey(image)],
      processedKey({ ...image, variant: 'thumb', extension: 'webp' }),
    ]
    for (const key of keys) await store.put(key, key === metadataKey(image) ? '{}' : PICTURE)
    await rememberBytes(store.bucket, image, undefined)
    await putRejected(store.bucket, ref, {}, { slug: 'corrupt-image', detail: '' }, image)
    await store.bucket.s3.send(new CreateMultipartUploadCommand({ Bucket: store.bucket.name, Key: upload }))
    for (const queue of ['images-dead-letters', 'images-parked'] as const)
      await store.send(queue, messageOf(store, image))
    const found = (await search(image)).flatMap((looked) => looked.found)
    const link = linkKey({ ...image, sha256: createHash('sha256').update(rejectedKey(ref)).digest('hex') })
    expect(found).toEqual(expect.arrayContaining([...keys, hashKey(image), rejectedKey(ref), link]))
    expect(
      found.filter((each) => each.includes('multipart upload') || each.startsWith('message ')),
    ).toHaveLength(3)
  })

  test('finds a record of the image that Lambda gave up, whatever its time, and not those of others', async () => {
    const event = { app: 'web-app-2', source: '/test', id: 'mine' }
    const image = { app: 'web-app-2', imageId: deriveImageId({ ...event, time: new Date() }) }
    await store.putUndelivered(BATCH, undeliveredBatch('other', 'mine'))
    await store.putUndelivered('aws/lambda/others', undeliveredBatch('other'))
    await store.putUndelivered('aws/lambda/unreadable', '{')
    expect(await search(image)).toContainEqual({
      place: 'undelivered records',
      how: 'events of the records in 3 batches, 1 of them cannot be read',
      found: [`${store.undelivered.name}/${BATCH}`],
    })
    const found = (await search({ ...image, app: 'web-app-1' })).flatMap((looked) => looked.found)
    expect(found).toEqual([])
  })

  test.each(['{', 'null', '{"status":"erased"}'])(
    'finds a document that cannot be read: %s',
    async (text) => {
      const image = unknown()
      await store.put(metadataKey(image), text)
      expect(await search(image)).toContainEqual({
        place: 'metadata/',
        how: expect.stringMatching(/cannot be read: /),
        found: [metadataKey(image)],
      })
    },
  )
})

const SHA256 = createHash('sha256').update(PICTURE).digest('hex')

const NAMED = await sharp(PICTURE)
  .withExif({ IFD0: { Artist: 'me' } })
  .webp()
  .toBuffer()
const SMALL = await sharp(PICTURE).resize(8).webp().toBuffer()

describe('the bytes', () => {
  test.each([
    ['do not decode', PICTURE.subarray(0, 60), /does not decode/],
    ['carry metadata', NAMED, /metadata: exif/],
    ['have another size', SMALL, /8 × 6 pixels/],
  ])('of a variant that %s are found with --decode', async (_, bytes, detail) => {
    const image = await processed()
    await store.put(image.thumb, bytes)
    const document = processedDocument(image, image.thumb)
    const variants = document.variants.map((variant) => ({ ...variant, bytes: bytes.length }))
    await store.put(metadataKey(image), JSON.stringify({ ...document, variants }))
    expect((await store.audit({}, withoutQueues)).breaches).toEqual([])
    expect((await store.audit({ decode: decodeShare(store.bucket, 1) }, withoutQueues)).breaches).toEqual([
      { class: 'damaged-variant', key: image.thumb, detail: expect.stringMatching(detail) },
    ])
  })

  test('of an original that changed are found with --decode', async () => {
    const image = await processed()
    await store.put(inputKey(image), Buffer.alloc(PICTURE.length))
    const { found } = await store.audit({ decode: decodeShare(store.bucket, 1) }, withoutQueues)
    expect(found).toContainEqual(['wrong-bytes', inputKey(image)])
  })
})

test('what S3 should have deleted is found, three days after its retention ended', async () => {
  await acceptAndProcess(store)
  const claim = 'claims/web-app-1/my photo.jpg'
  await store.put(claim)
  const inDays = (days: number) => store.audit({ now: Date.now() + days * DAY_MS }, withoutQueues)
  expect((await inDays(9)).found).toEqual([])
  expect((await inDays(12)).found).toEqual([['past-retention', claim]])
})

test('undelivered records are found once nothing tries them again, and after their retention', async () => {
  await store.putUndelivered(BATCH, undeliveredBatch('a'))
  const key = `${store.undelivered.name}/${BATCH}`
  const inDays = async (days: number) =>
    (await store.audit({ now: Date.now() + days * DAY_MS }, withoutQueues)).found
  expect(await inDays(13.9)).toEqual([])
  expect(await inDays(14.1)).toEqual([['orphan', key]])
  expect(await inDays(33.1)).toEqual([['past-retention', key]])
})

test('without kafka-bridge and the catalogue there are neither their queues nor undelivered records', async () => {
  const { bucket, queues } = await openAuditedStore(aws.endpoint, 'alone', ['images', 'images-parked'])
  const looked: Looked[] = []
  for await (const each of lookForErased({ bucket, queues, image: unknown() })) looked.push(each)
  const missing = looked.filter(({ how }) => how.includes('there is no such'))
  expect(missing.map(({ place }) => place)).toEqual([
    ...['undelivered records', 'queue images-dead-letters', 'queue images-watch', 'queue outcomes'],
    ...['queue outcomes-dead-letters', 'queue undelivered', 'queue collect', 'queue collect-dead-letters'],
    'queue merge-dead-letters',
  ])
})

test('an audit that stops goes on where it was, without what it has printed', async () => {
  await accept(store)
  await Promise.all(Array.from({ length: 520 }, (_, number) => store.put(`zzz/${number}`)))
  const seen: string[] = []
  let checkpoint = (await store.audit({}, withoutQueues)).total
  const complete = checkpoint
  const stopping = store.audit(
    {},
    {
      ...withoutQueues,
      onBreach: ({ key }) => seen.push(key),
      onProgress: async (reached) => {
        checkpoint = structuredClone(reached)
        if (reached.objects > 500) throw new Error('stop')
      },
    },
  )
  await expect(stopping).rejects.toThrow('stop')
  expect([seen.length, checkpoint.objects]).toEqual([501, 501])
  const { total } = await store.audit(
    {},
    { ...withoutQueues, from: checkpoint, onBreach: ({ key }) => seen.push(key) },
  )
  expect([seen.length, new Set(seen).size]).toEqual([521, 521])
  expect(total).toEqual(complete)
})
