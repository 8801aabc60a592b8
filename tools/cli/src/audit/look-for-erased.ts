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
  readImageAccepted,
  receiptKey,
  type Sha256,
  storedPrefix,
} from '@darkroom/core'
import pMap from 'p-map'
import { hashOf } from './hash-of.ts'
import { type AuditedQueues, countMessages, peek, QUEUES } from './queues.ts'

/** A place where something of an erased image could be. */
export interface Looked {
  place: string
  how: string
  found: string[]
}

export interface ErasedImage {
  bucket: Bucket
  queues?: AuditedQueues | undefined
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
  credentials: async () => ({ how: 'not looked at: API keys name no image', found: [] }),
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
  for (const suffix of QUEUES)
    yield { place: `queue images${suffix}`, ...(await lookInQueue(erased, suffix)) }
  yield {
    place: 'tables',
    how: 'not looked at: the next merge deletes the row, snapshots follow in days',
    found: [],
  }
  yield { place: 'logs', how: 'not looked at: they contain the id only', found: [] }
}

async function lookInQueue(
  { bucket, queues, image }: ErasedImage,
  suffix: (typeof QUEUES)[number],
): Promise<Omit<Looked, 'place'>> {
  if (!queues) return { how: 'not looked at: add --queue-url', found: [] }
  if (suffix === '') {
    const count = await countMessages(queues, suffix)
    return { how: `not read: ${count} messages, which are deleted when they are received`, found: [] }
  }
  const messages = await peek(queues, suffix)
  const own = messages.filter(({ Body = '' }) => {
    const data = readImageAccepted(Body, bucket.name).message?.data
    return data?.imageId === image.imageId && data.app === image.app
  })
  return {
    how: `${messages.length} messages`,
    found: own.map(({ MessageId = '' }) => `message ${MessageId}`),
  }
}
