import {
  findOriginal,
  getDocument,
  getText,
  isHeld,
  listApps,
  listLinks,
  listMultipartUploads,
  listObjects,
  sequenceOf,
} from '@darkroom/bucket'
import {
  type AppId,
  type ImageId,
  type ImageRef,
  imagePrefix,
  metadataKey,
  PLACES,
  timeOf,
} from '@darkroom/core'
import { countMessages } from './audit/queues.ts'
import { listDeadLetters } from './dead-letters.ts'
import type { Store } from './open-store.ts'

/** Something that is known of an image. `time` is undefined for what is true now. */
export interface TracedEvent {
  time: Date | undefined
  what: string
  details: string
}

/** The apps that have something of this image: normally one. */
export async function findApps(store: Store, imageId: ImageId): Promise<AppId[]> {
  const apps = new Set([
    ...(await listApps(store.bucket, 'input')),
    ...(await listApps(store.bucket, 'metadata')),
  ])
  const found = await Promise.all(
    [...apps].map(async (app) => {
      const image = { app, imageId }
      return (await getDocument(store.bucket, image)) || (await findOriginal(store.bucket, image))
        ? [app]
        : []
    }),
  )
  return found.flat()
}

/** Everything that is known of an image, in the order of time; what is true now comes last. */
export async function traceImage(store: Store, image: ImageRef): Promise<TracedEvent[]> {
  const parts = await Promise.all([
    originalEvents(store, image),
    documentEvents(store, image),
    objectEvents(store, image),
    uploadEvents(store, image),
    queueEvents(store, image),
  ])
  const events = parts.flat()
  if (events.length === 0) return []
  const made = { time: timeOf(image.imageId), what: 'id made', details: 'by the client or the server' }
  const order = ({ time }: TracedEvent) => time?.getTime() ?? Number.POSITIVE_INFINITY
  return [made, ...events].sort((one, other) => (order(one) === order(other) ? 0 : order(one) - order(other)))
}

async function originalEvents({ bucket }: Store, image: ImageRef): Promise<TracedEvent[]> {
  const original = await findOriginal(bucket, image)
  if (!original) return []
  const { origin, acceptedAt, bytes, contentType, traceparent } = original
  const source =
    'topic' in origin ? `Kafka ${origin.topic} ${origin.partition}-${origin.offset}` : origin.kind
  const trace = traceparent ? `, traceparent ${traceparent}` : ''
  return [
    {
      time: new Date(acceptedAt),
      what: 'accepted',
      details: `${source}, ${contentType}, ${bytes} bytes${trace}`,
    },
  ]
}

async function documentEvents({ bucket }: Store, image: ImageRef): Promise<TracedEvent[]> {
  const found = await getDocument(bucket, image)
  if (!found) return []
  const { document, unreadable } = found
  if (!document) return [{ time: undefined, what: 'document cannot be read', details: unreadable ?? '' }]
  if (document.status === 'processed') {
    const { preset, preset_version, variants, queued_ms, processing_ms, receive_count } = document
    const details =
      `${preset} v${preset_version}, ${variants.length} variants, waited ${queued_ms} ms, took ${processing_ms} ms` +
      `${receive_count === undefined ? '' : `, receive ${receive_count}`}`
    return [{ time: new Date(document.finished_at), what: 'processed', details }]
  }
  if (document.status === 'failed') {
    const { failure_type, failure_detail, receive_count } = document
    const details = `${failure_type}: ${failure_detail}${receive_count === undefined ? '' : ` (receive ${receive_count})`}`
    return [{ time: new Date(document.finished_at), what: 'failed', details }]
  }
  if (document.status === 'erased') {
    const sequence = sequenceOf((await getText(bucket, metadataKey(image)))?.metadata ?? {})
    const receipt =
      sequence === undefined ? 'its receipt is not in the chain yet' : `receipt number ${sequence}`
    return [
      { time: new Date(document.erased_at), what: 'erased', details: `by ${document.erased_by}, ${receipt}` },
    ]
  }
  return [{ time: undefined, what: document.status, details: 'a status of a later version' }]
}

/** Every object whose key names the image, when it was last written. */
async function objectEvents({ bucket }: Store, image: ImageRef): Promise<TracedEvent[]> {
  const events: TracedEvent[] = []
  for (const place of PLACES) {
    const prefix = imagePrefix(place, image)
    if (prefix === undefined) continue
    for await (const { key, bytes, written } of listObjects(bucket, prefix))
      events.push({ time: written, what: 'written', details: `${key}, ${bytes} bytes` })
  }
  for (const { target } of await listLinks(bucket, image))
    events.push({ time: undefined, what: 'refers to', details: target })
  if (await isHeld(bucket, image))
    events.push({ time: undefined, what: 'on hold', details: 'it cannot be erased' })
  return events
}

async function uploadEvents({ bucket }: Store, image: ImageRef): Promise<TracedEvent[]> {
  const uploads = await listMultipartUploads(bucket, image)
  return uploads.map(({ key, uploadId }) => ({
    time: undefined,
    what: 'uploading',
    details: `${key}, multipart upload ${uploadId}`,
  }))
}

async function queueEvents(store: Store, { app, imageId }: ImageRef): Promise<TracedEvent[]> {
  const { queues } = store
  if (!queues) return []
  const letters = await listDeadLetters({ ...store, ...queues }, { app, id: imageId })
  const waiting = (await countMessages(queues, 'images')) ?? 0
  return [
    ...letters.map(({ queue, messageId, slug }) => ({
      time: undefined,
      what: queue === 'parked' ? 'parked' : 'dead letter',
      details: `message ${messageId}, ${slug}`,
    })),
    ...(letters.length === 0 && waiting === 0
      ? []
      : [{ time: undefined, what: 'image queue', details: `${waiting} messages` }]),
  ]
}
