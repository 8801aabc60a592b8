import { createHash } from 'node:crypto'
import { CreateMultipartUploadCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { type Bucket, linkClaim, putRejected, rememberBytes } from '@darkroom/bucket'
import {
  claimKey,
  credentialKey,
  erasureKey,
  eventKey,
  eventOf,
  hashKey,
  heldPrefix,
  holdKey,
  type ImageRef,
  inputKey,
  lastUseKey,
  linkKey,
  metadataKey,
  newImageId,
  processedKey,
  receiptKey,
  rejectedKey,
  repeatedS3Event,
  s3Uri,
  uploadKey,
} from '@darkroom/core'
import type { BreachClass } from '../breaches.ts'
import {
  type AuditedStore,
  accept,
  acceptAndProcess,
  failedDocument,
  PICTURE,
  processedDocument,
  writeReceipt,
} from './audited-store.ts'

export const REQUEST = '3f1c1d3e-8b0e-4d0e-9d0a-0a1b2c3d4e5f'
export const OTHER_SHA256 = 'ab'.repeat(32)

const processed = (store: AuditedStore) => acceptAndProcess(store)

/** An image that is not stored. */
export const unknown = (): ImageRef => ({ app: 'web-app-1', imageId: newImageId() })
export const messageOf = (store: AuditedStore, { app, imageId }: ImageRef) =>
  JSON.stringify({
    specversion: '1.0',
    id: imageId,
    source: '/test',
    type: 'image.accepted.v1',
    time: new Date().toISOString(),
    subject: imageId,
    datacontenttype: 'application/json',
    data: {
      ...{ app, imageId, s3Uri: s3Uri(store.bucket.name, inputKey({ app, imageId })) },
      ...{ contentType: 'image/webp', bytes: 1, sha256: OTHER_SHA256 },
      ...{ acceptedAt: new Date().toISOString(), origin: { kind: 'http' }, attributes: {} },
    },
  })

/** What S3 sends when an object is written. */
export const s3EventOf = ({ name }: Pick<Bucket, 'name'>, key: string) =>
  JSON.stringify(repeatedS3Event(name, key, new Date()))

/** A batch of Kafka records that Lambda gave up, as it writes it. The records are CloudEvents with these ids. */
export function undeliveredBatch(...ids: string[]): string {
  const records = ids.map((id, offset) => ({
    ...{ topic: 'images', partition: 0, offset, timestamp: 0, timestampType: 'CREATE_TIME', key: '' },
    value: PICTURE.toString('base64'),
    headers: Object.entries({
      ...{ ce_specversion: '1.0', ce_type: 'image.submitted.v1', ce_source: '/test', ce_id: id },
    }).map(([name, value]) => ({ [name]: [...Buffer.from(value)] })),
  }))
  const payload = JSON.stringify({ eventSource: 'SelfManagedKafka', records: { 'images-0': records } })
  return JSON.stringify({ requestContext: { condition: 'RetryAttemptsExhausted' }, version: '1.0', payload })
}

/** The same number of bytes, with another hash in its metadata. */
async function createOriginalAgain(store: AuditedStore, image: ImageRef): Promise<void> {
  const Metadata = { sha256: OTHER_SHA256 }
  const put = {
    Bucket: store.bucket.name,
    Key: inputKey(image),
    Body: Buffer.alloc(PICTURE.length),
    Metadata,
  }
  await store.bucket.s3.send(new PutObjectCommand(put))
}

type Damage = (store: AuditedStore) => Promise<[BreachClass, string][]>

/** What breaks a store, and the breaches that the audit then finds. */
export const DAMAGES: Record<string, Damage> = {
  'an original without a document': async (store) => {
    const image = await accept(store)
    return [['unfinished', inputKey(image)]]
  },
  'a document that is not JSON': async (store) => {
    const image = await processed(store)
    await store.put(metadataKey(image), '{')
    return [['unreadable-document', metadataKey(image)]]
  },
  'a document of another image': async (store) => {
    const [image, other] = [await processed(store), await processed(store)]
    await store.put(metadataKey(image), JSON.stringify(processedDocument(other, other.thumb)))
    return [['unreadable-document', metadataKey(image)]]
  },
  "a document that lists another app's variant": async (store) => {
    const image = await processed(store)
    const other = await acceptAndProcess(store, 'web-app-2')
    const document = processedDocument(image, image.thumb)
    const variants = [...document.variants, { ...document.variants[0], key: other.thumb }]
    await store.put(metadataKey(image), JSON.stringify({ ...document, variants }))
    return [['foreign-reference', metadataKey(image)]]
  },
  'an original of another size': async (store) => {
    const image = await processed(store)
    await store.put(inputKey(image), 'other bytes')
    return [['wrong-bytes', inputKey(image)]]
  },
  'an original that was written again': async (store) => {
    const image = await processed(store)
    await createOriginalAgain(store, image)
    return [['wrong-bytes', inputKey(image)]]
  },
  'an original that was deleted too early': async (store) => {
    const image = await processed(store)
    await store.remove(inputKey(image))
    return [['missing-original', inputKey(image)]]
  },
  'a variant that was deleted too early': async (store) => {
    const image = await processed(store)
    await store.remove(image.thumb)
    return [['missing-variant', image.thumb]]
  },
  'a variant of another size': async (store) => {
    const image = await processed(store)
    await store.put(image.thumb, 'other bytes')
    return [['wrong-bytes', image.thumb]]
  },
  'a variant that no document lists': async (store) => {
    const image = await processed(store)
    const key = processedKey({ ...image, variant: 'large', extension: 'jpg' })
    await store.put(key)
    return [['orphan', key]]
  },
  'a variant of a failed image': async (store) => {
    const image = await processed(store)
    await store.put(metadataKey(image), JSON.stringify(failedDocument(image)))
    return [['orphan', image.thumb]]
  },
  'a variant of an image that does not exist': async (store) => {
    const key = processedKey({ ...unknown(), variant: 'large', extension: 'jpg' })
    await store.put(key)
    return [['orphan', key]]
  },
  'an upload of a finished image': async (store) => {
    const key = uploadKey({ ...(await processed(store)), bytes: 5 })
    await store.put(key)
    return [['orphan', key]]
  },
  'a multipart upload of a finished image': async (store) => {
    const Key = uploadKey({ ...(await processed(store)), bytes: 5 })
    await store.bucket.s3.send(new CreateMultipartUploadCommand({ Bucket: store.bucket.name, Key }))
    return [['orphan', Key]]
  },
  'a multipart upload under another prefix': async (store) => {
    const Key = 'elsewhere/5'
    await store.bucket.s3.send(new CreateMultipartUploadCommand({ Bucket: store.bucket.name, Key }))
    return [['unknown-object', Key]]
  },
  'an erased image that is still stored': async (store) => {
    const image = await processed(store)
    const Key = uploadKey({ ...image, bytes: 5 })
    await store.put(claimKey(image))
    await store.bucket.s3.send(new CreateMultipartUploadCommand({ Bucket: store.bucket.name, Key }))
    await writeReceipt(store, image)
    return [inputKey(image), image.thumb, claimKey(image), Key].map((key) => ['not-erased', key])
  },
  'a link of an erased image': async (store) => {
    const image = unknown()
    await writeReceipt(store, image)
    await linkClaim(store.bucket, image, 'claims/web-app-1/other.jpg')
    const sha256 = createHash('sha256').update('claims/web-app-1/other.jpg').digest('hex')
    return [['not-erased', linkKey({ ...image, sha256 })]]
  },
  'a rejected record of an erased image': async (store) => {
    const image = unknown()
    await writeReceipt(store, image)
    const ref = { topic: 'images', date: '2026-11-23', partition: 0, offset: 7 }
    await putRejected(store.bucket, ref, {}, { slug: 'corrupt-image', detail: '' }, image)
    const link = createHash('sha256').update(rejectedKey(ref)).digest('hex')
    return [rejectedKey(ref), linkKey({ ...image, sha256: link })].map((key) => ['not-erased', key])
  },
  'a pointer from bytes to an erased image': async (store) => {
    const image = { ...unknown(), sha256: OTHER_SHA256 }
    await rememberBytes(store.bucket, image, undefined)
    await writeReceipt(store, image)
    return [['not-erased', hashKey(image)]]
  },
  'a pointer from bytes to no image': async (store) => {
    const image = { ...unknown(), sha256: 'cd'.repeat(32) }
    await rememberBytes(store.bucket, image, undefined)
    return [['orphan', hashKey(image)]]
  },
  'an event with the id of another one': async (store) => {
    const key = eventKey(eventOf(unknown()))
    await store.put(key, (await processed(store)).imageId)
    return [['orphan', key]]
  },
  'an erasure that has not ended': async (store) => {
    const key = erasureKey({ ...(await processed(store)), request: REQUEST })
    await store.put(key)
    return [['contradiction', key]]
  },
  'an erased image under a hold': async (store) => {
    const image = unknown()
    await writeReceipt(store, image)
    await store.put(holdKey(image), '{}')
    await store.put(heldPrefix(image) + inputKey(image))
    return [['contradiction', holdKey(image)]]
  },
  'copies without their hold': async (store) => {
    const image = await processed(store)
    const key = heldPrefix(image) + inputKey(image)
    await store.put(key)
    return [['orphan', key]]
  },
  'a parked message of a processed image': async (store) => {
    await store.send('images-parked', messageOf(store, await processed(store)))
    return [['contradiction', store.nameOf('images-parked')]]
  },
  'a parked message of an erased image': async (store) => {
    const image = unknown()
    await writeReceipt(store, image)
    await store.send('images-parked', messageOf(store, image))
    return [['not-erased', store.nameOf('images-parked')]]
  },
  'a parked message that nobody can read': async (store) => {
    await store.send('images-parked', '{}')
    return [['orphan', store.nameOf('images-parked')]]
  },
  'a parked message of an image that is not stored': async (store) => {
    await store.send('images-parked', messageOf(store, unknown()))
    return [['orphan', store.nameOf('images-parked')]]
  },
  'a parked event of an object of a processed image': async (store) => {
    const { bucket } = store
    await store.send('images-parked', s3EventOf(bucket, inputKey(await processed(store))))
    return [['contradiction', store.nameOf('images-parked')]]
  },
  'an outcome that was given up, of no document': async (store) => {
    await store.send('outcomes-dead-letters', s3EventOf(store.bucket, metadataKey(unknown())))
    return [['orphan', store.nameOf('outcomes-dead-letters')]]
  },
  'an outcome that nobody can read': async (store) => {
    await store.send('outcomes-dead-letters', '{}')
    return [['orphan', store.nameOf('outcomes-dead-letters')]]
  },
  'an event of undelivered records that are not stored': async (store) => {
    await store.send('undelivered', s3EventOf(store.undelivered, 'aws/lambda/none'))
    return [['orphan', store.nameOf('undelivered')]]
  },
  'an event of undelivered records that nobody can read': async (store) => {
    await store.send('undelivered', '{')
    return [['orphan', store.nameOf('undelivered')]]
  },
  'an object among the undelivered records that is no batch': async (store) => {
    await store.putUndelivered('aws/lambda/other', '{}')
    return [['unknown-object', `${store.undelivered.name}/aws/lambda/other`]]
  },
  'an erased image with a document of before': async (store) => {
    const image = await acceptAndProcess(store, 'undone')
    const before = JSON.stringify(processedDocument(image, image.thumb))
    await writeReceipt(store, image)
    await store.put(metadataKey(image), before)
    return [
      ['status-regression', metadataKey(image)],
      ['broken-chain', metadataKey(image)],
    ]
  },
  'an erased image that was accepted again, without its receipt': async (store) => {
    const image = await accept(store, 'undone-too')
    await writeReceipt(store, image)
    await store.remove(metadataKey(image))
    return [
      ['status-regression', metadataKey(image)],
      ['broken-chain', metadataKey(image)],
      ['unfinished', inputKey(image)],
    ]
  },
  'the use of an API key without a record': async (store) => {
    const key = lastUseKey({ keyId: '0123456789abcdef' })
    await store.put(key)
    return [['orphan', key]]
  },
  'a record of an API key that cannot be read': async (store) => {
    const key = credentialKey({ keyId: 'fedcba9876543210' })
    await store.put(key, '{')
    return [['orphan', key]]
  },
  'a link of the chain of receipts that was removed': async (store) => {
    const key = receiptKey({ app: 'forger', sequence: 1 })
    await writeReceipt(store, { ...unknown(), app: 'forger' })
    await store.remove(key)
    return [['broken-chain', key]]
  },
  'what the next day cannot go on from': async (store) => {
    const keys = ['reconciled/days', 'reconciled/rows', 'reconciled/tables']
    for (const key of keys) await store.put(key, '{}')
    return keys.map((key) => ['unknown-object', key])
  },
  'objects outside of every prefix': async (store) => {
    for (const key of ['.hidden', 'inputs/a', 'secret', 'zzz/1']) await store.put(key)
    return ['.hidden', 'inputs/a', 'secret', 'zzz/1'].map((key) => ['unknown-object', key])
  },
  'objects under a prefix that are not its own': async (store) => {
    const { app, imageId } = unknown()
    const keys = [
      ...[
        `claims/Web App/x`,
        `held/${app}/x`,
        `input/${app}/2020-01-01/${imageId}`,
        `metadata/app=${app}/x.json`,
      ],
      ...[`processed/${app}/2020-01-01/${imageId}/thumb.webp`, `uploads/${app}/x`],
      ...[
        'credentials/x',
        'hashes/web-app-1/x',
        'events/web-app-1/x',
        'receipts/web-app-1/x',
        'linked/web-app-1/x',
        'collected/outcomes/x',
        'rejected/images/x',
      ],
    ]
    for (const key of keys) await store.put(key)
    return keys.map((key) => ['unknown-object', key])
  },
}
