/**
 * Stores images of one app. On each message it requests the status of some of them: `fork('status-peer.ts',
 * [IMAGES])` with a local server in the environment. 70 % are processed, 20 % failed, 10 % queued.
 */

import { GetObjectCommand, HeadObjectCommand } from '@aws-sdk/client-s3'
import { type ImageRef, inputKey, metadataKey, newImageId } from '@darkroom/core'
import pMap from 'p-map'
import { failedDocument, processedDocument } from '../services/upload-api/src/testing/documents.ts'
import { openStore } from '../services/upload-api/src/testing/open-store.ts'
import { send } from '../services/upload-api/src/testing/send.ts'

export interface StatusTimes {
  /** Milliseconds of each request. */
  handlerMs: number[]
  /** Milliseconds of the bare requests to S3. */
  bareMs: number[]
  maxRequests: number
}

const app = 'web-app-1'
const REQUESTS_PER_ROUND = 100
const MAX_CONCURRENT_IMAGES = 48

const images = Number(process.argv[2])
const store = await openStore({})
const { handler } = await import('../services/upload-api/src/routes/get-image.ts')
const {
  bucket: { s3 },
} = await import('../services/upload-api/src/clients.ts')
let requests = 0
s3.middlewareStack.add(
  (next) => (args) => {
    requests++
    return next(args)
  },
  { step: 'finalizeRequest', name: 'count' },
)

async function storeImage(index: number): Promise<string> {
  const image: ImageRef = { app, imageId: newImageId() }
  if (index % 10 < 7) await store.putDocument(processedDocument(image))
  else if (index % 10 < 9) await store.putDocument(failedDocument(image))
  if (index % 10 >= 7) await store.putInput(image)
  return image.imageId
}

async function storeAll(): Promise<string[]> {
  return pMap(Array(images).keys(), storeImage, { concurrency: MAX_CONCURRENT_IMAGES })
}

async function milliseconds(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now()
  await work()
  return performance.now() - started
}

async function throughHandler(imageId: string): Promise<void> {
  const { status } = await send(handler, { app, id: imageId })
  if (status !== 200) throw new Error(`image ${imageId} returned ${status}`)
}

/** Requests the document, and if it does not exist the original. */
async function bare(imageId: string): Promise<void> {
  const image = { app, imageId }
  const Bucket = store.bucket
  try {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key: metadataKey(image) }))
    await Body?.transformToString()
  } catch {
    await s3.send(new HeadObjectCommand({ Bucket, Key: inputKey(image) }))
  }
}

async function measureRound(ids: string[]): Promise<StatusTimes> {
  const times: StatusTimes = { handlerMs: [], bareMs: [], maxRequests: 0 }
  for (let request = 0; request < REQUESTS_PER_ROUND; request++) {
    const id = ids[Math.floor(Math.random() * ids.length)] ?? ''
    const other = ids[Math.floor(Math.random() * ids.length)] ?? ''
    const before = requests
    times.handlerMs.push(await milliseconds(() => throughHandler(id)))
    times.maxRequests = Math.max(times.maxRequests, requests - before)
    times.bareMs.push(await milliseconds(() => bare(other)))
  }
  return times
}

const ids = await storeAll()
process.send?.('stored')
process.on('message', async () => process.send?.(await measureRound(ids)))
