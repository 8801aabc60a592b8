import { parseMetadataKey, readS3Event } from '@darkroom/core'
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda'
import pMap from 'p-map'
import { type OutcomeEvent, readOutcome, type WrittenDocument } from '../announce/outcome-event.ts'
import { publishEvents } from '../announce/publish-events.ts'
import { env } from '../environment.ts'
import { logger } from '../logger.ts'
import { reportAnnounced } from '../metrics.ts'

/**
 * Consumes S3's events of metadata documents and publishes each image's outcome to the events topic. A document is read once for
 * all its events in the batch. A message is done when all its events are published, so an interruption repeats them.
 */
export async function handler({ Records }: SQSEvent): Promise<SQSBatchResponse> {
  const began = Date.now()
  const messages = Records.map((record) => ({ record, documents: writtenDocuments(record) }))
  const newest = newestByKey(messages.flatMap(({ documents }) => [...documents]))
  const failed = await announce(newest)
  logger.info('outcomes announced', {
    documents: newest.size - failed.size,
    failed: failed.size,
    milliseconds: Date.now() - began,
  })
  const unfinished = messages.filter(({ documents }) => documents.some(([key]) => failed.has(key)))
  return { batchItemFailures: unfinished.map(({ record }) => ({ itemIdentifier: record.messageId })) }
}

type Keyed = [key: string, document: WrittenDocument]

function writtenDocuments({ body, messageId }: SQSRecord): Keyed[] {
  const { objects, unreadable } = readS3Event(body, env.BUCKET)
  if (!objects) logger.error('event of S3 cannot be read', { messageId, unreadable })
  return (objects ?? []).flatMap(({ key, sequence }): Keyed[] => {
    const image = parseMetadataKey(key)
    if (image) return [[key, { image, sequence }]]
    logger.warn('not a key of a document', { key })
    return []
  })
}

function newestByKey(documents: Keyed[]): Map<string, WrittenDocument> {
  const newest = new Map<string, WrittenDocument>()
  for (const [key, document] of documents) {
    if (document.sequence > (newest.get(key)?.sequence ?? '')) newest.set(key, document)
  }
  return newest
}

const MAX_CONCURRENT_READS = 20

/** @returns the keys of documents that were not announced */
async function announce(documents: Map<string, WrittenDocument>): Promise<Set<string>> {
  const failed = new Set<string>()
  const read = async ([key, document]: Keyed): Promise<OutcomeEvent[]> => {
    try {
      return [(await readOutcome(document)) ?? []].flat()
    } catch (error) {
      logger.error('document not read, will be retried', { key, error: error as Error })
      failed.add(key)
      return []
    }
  }
  const events = (await pMap(documents, read, { concurrency: MAX_CONCURRENT_READS })).flat()
  for (const { key } of await publishEvents(events)) failed.add(key)
  reportAnnounced(documents.size - failed.size)
  return failed
}
