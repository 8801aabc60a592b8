import { gunzipSync } from 'node:zlib'
import {
  type Bucket,
  getText,
  listObjects,
  listPendingParts,
  readStored,
  rejectedImage,
  type StoredObject,
  sequenceOf,
} from '@darkroom/bucket'
import {
  eventKey,
  eventOf,
  type ImageRef,
  imagePrefix,
  metadataKey,
  PLACES,
  type Place,
  placePrefix,
  readChainedReceipt,
  readDocument,
  receiptKey,
  type Sha256,
  storedPrefix,
} from '@darkroom/core'
import pMap from 'p-map'
import { imageOf } from './check-messages.ts'
import { hashOf } from './hash-of.ts'
import { lookInCatalogue, type SearchedCatalogue } from './look-in-catalogue.ts'
import type { Looked } from './looked.ts'
import { type AuditedQueues, countMessages, peek, QUEUE_NAMES, QUEUES, type QueueName } from './queues.ts'
import { findUndelivered } from './undelivered.ts'

export interface ErasedImage {
  bucket: Bucket
  /** Of the Kafka records that Lambda gave up. */
  undelivered?: Bucket | undefined
  queues?: AuditedQueues | undefined
  catalogue?: SearchedCatalogue | undefined
  image: ImageRef
  /** Of the original, if it is known: the receipt does not contain it. */
  sha256?: Sha256 | undefined
}

type Look = (erased: ErasedImage) => Promise<Omit<Looked, 'place'>>

/** Every place of keys.ts. What the keys of a place do not name is looked for in its objects. */
const LOOKS: Record<Place, Look> = {
  input: byKey('input'),
  processed: byKey('processed'),
  metadata: async ({ bucket, image }) => {
    const stored = await getText(bucket, metadataKey(image))
    const { document, unreadable } = stored ? readDocument(stored.text, image) : {}
    const how = unreadable === undefined ? 'the document' : `the document cannot be read: ${unreadable}`
    return { how, found: !stored || document?.status === 'erased' ? [] : [metadataKey(image)] }
  },
  claims: async (erased) => {
    const own = await byKey('claims')(erased)
    if (erased.sha256 === undefined) return { ...own, how: `${own.how}; other names only with --sha256` }
    const same = await filter(erased.bucket, storedPrefix('claims', erased.image.app), async ({ key }) => {
      const hash = await readStored(erased.bucket, key, ({ chunks }) => hashOf(chunks))
      return hash === erased.sha256
    })
    return { how: "bytes of all the app's claims", found: [...new Set([...own.found, ...same])] }
  },
  hashes: async ({ bucket, image }) => ({
    how: "content of all the app's pointers",
    found: await filter(bucket, storedPrefix('hashes', image.app), async ({ key }) => {
      return (await getText(bucket, key))?.text === image.imageId
    }),
  }),
  events: async ({ bucket, image }) => {
    const key = eventKey(eventOf(image))
    const kept = (await getText(bucket, key)) ? ', kept: the event stays this image' : ''
    return { how: `the id of its event${kept}`, found: [] }
  },
  uploads: async (erased) => {
    const objects = await byKey('uploads')(erased)
    const parts: string[] = []
    for await (const { key, uploadId } of listPendingParts(
      erased.bucket,
      imagePrefix('uploads', erased.image),
    )) {
      parts.push(`${key} (multipart upload ${uploadId})`)
    }
    return { how: `${objects.how}, multipart uploads`, found: [...objects.found, ...parts] }
  },
  rejected: async ({ bucket, image }) => ({
    how: 'metadata of all records',
    found: await filter(bucket, placePrefix('rejected'), async ({ key }) => {
      const owner = await rejectedImage(bucket, key)
      return owner?.app === image.app && owner.imageId === image.imageId
    }),
  }),
  held: byKey('held'),
  erasing: byKey('erasing'),
  linked: byKey('linked'),
  receipts: async ({ bucket, image }) => {
    const sequence = sequenceOf((await getText(bucket, metadataKey(image)))?.metadata ?? {})
    if (sequence === undefined) return { how: 'its receipt is not in the chain', found: [] }
    const key = receiptKey({ app: image.app, sequence })
    const isChained = readChainedReceipt((await getText(bucket, key))?.text ?? '')?.imageId === image.imageId
    return {
      how: isChained ? `its receipt is number ${sequence}, kept` : `${key} is of another image`,
      found: [],
    }
  },
  collected: async ({ bucket, image }) => ({
    how: 'events of all files, which are deleted after days',
    found: await filter(
      bucket,
      placePrefix('collected'),
      async ({ key }) =>
        (await readStored(bucket, key, async ({ chunks }) => hasEventOf(image, await textIn(chunks)))) ===
        true,
    ),
  }),
  settings: async () => ({ how: 'not looked at: settings name no image', found: [] }),
  reconciled: async () => ({ how: 'not looked at: it is a date', found: [] }),
  credentials: async () => ({ how: 'not looked at: API keys name no image', found: [] }),
}

/** The receipt has no data of the image. */
function hasEventOf({ imageId }: ImageRef, text: string): boolean {
  const lines = text.split('\n').filter((line) => line.includes(imageId))
  return lines.some((line) => JSON.parse(line).type !== 'image.erased.v1')
}

async function textIn(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = []
  for await (const part of chunks) parts.push(part)
  return String(gunzipSync(Buffer.concat(parts)))
}

function byKey(place: Place): Look {
  return async ({ bucket, image }) => {
    const prefix = imagePrefix(place, image) ?? ''
    return { how: `listed ${prefix}`, found: await filter(bucket, prefix, async () => true) }
  }
}

const CONCURRENCY = 16

async function filter(
  bucket: Bucket,
  prefix: string,
  isOfImage: (object: StoredObject) => Promise<boolean>,
): Promise<string[]> {
  const kept = await pMap(
    listObjects(bucket, prefix),
    async (object) => ((await isOfImage(object)) ? [object.key] : []),
    { concurrency: CONCURRENCY },
  )
  return kept.flat()
}

/** Looks everywhere for what is left of an erased image. The receipt, its link and the event's id stay. */
export async function* lookForErased(erased: ErasedImage): AsyncGenerator<Looked> {
  for (const place of PLACES) yield { place: placePrefix(place), ...(await LOOKS[place](erased)) }
  yield { place: 'undelivered records', ...(await lookInUndelivered(erased)) }
  for (const name of QUEUE_NAMES) yield { place: `queue ${name}`, ...(await lookInQueue(erased, name)) }
  yield* lookInCatalogue(erased.bucket, erased.image, erased.catalogue)
  yield { place: 'logs', how: 'not looked at: they contain the id only', found: [] }
}

type Answer = Omit<Looked, 'place'>

async function lookInUndelivered({ undelivered, image }: ErasedImage): Promise<Answer> {
  if (!undelivered) return { how: 'not looked at: there is no such bucket', found: [] }
  const { batches, unreadable, found } = await findUndelivered(undelivered, image)
  const unread = unreadable.length === 0 ? '' : `, ${unreadable.length} of them cannot be read`
  return { how: `events of the records in ${batches} batches${unread}`, found }
}

async function lookInQueue(erased: ErasedImage, name: QueueName): Promise<Answer> {
  const { queues } = erased
  if (!queues) return { how: 'not looked at: add --queue-url', found: [] }
  const { messages } = QUEUES[name]
  if (name === 'images-dead-letters' || name === 'images-parked') return lookAtMessages(erased, queues, name)
  const count = await countMessages(queues, name)
  if (count === undefined) return { how: 'there is no such queue', found: [] }
  const content = {
    'events of S3': 'keys only',
    'events of the topic': 'not read: they are collected within minutes',
    'SQL statements': 'of no image',
  }
  if (messages !== 'of images') return { how: `${count} ${messages}, ${content[messages]}`, found: [] }
  const how = 'deleted when they are received, within four days'
  return { how: count === 0 ? '0 messages' : `${count} messages, not read: ${how}`, found: [] }
}

async function lookAtMessages(
  { bucket, image }: ErasedImage,
  queues: AuditedQueues,
  name: 'images-dead-letters' | 'images-parked',
): Promise<Answer> {
  const messages = await peek(queues, name)
  if (!messages) return { how: 'there is no such queue', found: [] }
  const own = messages.filter((message) => {
    const of = imageOf({ bucket }, message)
    return !of.isEvent && of.image?.imageId === image.imageId && of.image.app === image.app
  })
  return {
    how: `${messages.length} messages`,
    found: own.map(({ MessageId = '' }) => `message ${MessageId}`),
  }
}
