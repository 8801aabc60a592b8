import { getDocumentText, putCollected } from '@darkroom/bucket'
import {
  type CollectedEvent,
  parseMetadataKey,
  parseS3Uri,
  readCollected,
  toCollectedLine,
} from '@darkroom/core'
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda'
import { bucket } from '../clients.ts'
import { logger } from '../logger.ts'
import { reportCollected, reportUnreadable } from '../metrics.ts'

interface Read extends CollectedEvent {
  messageId: string
}

/**
 * Writes the events of a batch into files, one for each kind. A message is done when its file is written, so an interruption
 * repeats events and loses none. An event that cannot be read never will be: it is logged, counted and left out.
 */
export async function handler({ Records }: SQSEvent): Promise<SQSBatchResponse> {
  const began = Date.now()
  const read = Records.flatMap(readRecord)
  reportUnreadable(Records.length - read.length)
  const failed: string[] = []
  for (const [kind, events] of Map.groupBy(read, ({ kind }) => kind)) {
    const written = await collect(kind, events)
    if (!written) failed.push(...events.map(({ messageId }) => messageId))
  }
  reportCollected(read.length - failed.length)
  logger.info('events collected', {
    events: read.length - failed.length,
    failed: failed.length,
    milliseconds: Date.now() - began,
  })
  return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) }
}

function readRecord({ body, messageId }: SQSRecord): Read[] {
  const read = readCollected(body)
  if (read.kind !== undefined) return [{ ...read, messageId }]
  logger.error('event cannot be read', { messageId, reason: read.unreadable })
  return []
}

/** @returns whether the file was written */
async function collect(kind: string, events: Read[]): Promise<boolean> {
  const time = new Date().toISOString()
  try {
    const lines = await Promise.all(
      events.map(async (each) => toCollectedLine(await withDocument(each), time)),
    )
    await putCollected(bucket, { kind, time, file: randomFile() }, lines)
    return true
  } catch (error) {
    logger.error('events not collected, will be retried', {
      kind,
      events: events.length,
      error: error as Error,
    })
    return false
  }
}

function randomFile(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(4))).toString('hex')
}

/** Reads the document of an event that was too large to contain it. If it was deleted meanwhile, the event is kept without. */
async function withDocument({ event, dataref }: Read): Promise<Record<string, unknown>> {
  const { bucket: name, key = '' } = (dataref !== undefined && parseS3Uri(dataref)) || {}
  if (name !== bucket.name || !parseMetadataKey(key)) return event
  const text = await getDocumentText(bucket, key)
  return text === undefined ? event : { ...event, data: JSON.parse(text) }
}
