import { parseMetadataKey, type ReceivedRefusal, readRefusal, readS3Event } from '@darkroom/core'
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda'
import pMap from 'p-map'
import {
  type OutcomeEvent,
  readOutcome,
  refusedEvent,
  type WrittenDocument,
} from '../announce/outcome-event.ts'
import { publishEvents } from '../announce/publish-events.ts'
import { env } from '../environment.ts'
import { logger } from '../logger.ts'
import { reportAnnounced } from '../metrics.ts'

/**
 * Consumes S3's events of metadata documents and publishes each image's outcome to the events topic. A document is read once for
 * all its events in the batch. Events of refusals are published as they are. A message is done when all its events are
 * published, so an interruption repeats them.
 */
export async function handler({ Records }: SQSEvent): Promise<SQSBatchResponse> {
  const began = Date.now()
  const messages = Records.map((record) => ({ record, ...announcementsOf(record) }))
  const newest = newestByKey(messages.flatMap(({ documents }) => documents))
  const refusals = new Map(messages.flatMap(({ refusal }) => (refusal ? [[refusal.id, refusal]] : [])))
  const failed = await announce(newest, [...refusals.values()])
  logger.info('outcomes announced', {
    documents: newest.size,
    refusals: refusals.size,
    failed: failed.size,
    milliseconds: Date.now() - began,
  })
  const unfinished = messages.filter(({ keys }) => keys.some((key) => failed.has(key)))
  return { batchItemFailures: unfinished.map(({ record }) => ({ itemIdentifier: record.messageId })) }
}

type Keyed = [key: string, document: WrittenDocument]

/** What a message announces: documents that were written, or refusals. */
interface Announcements {
  documents: Keyed[]
  refusal?: ReceivedRefusal
  /** Of all of them. */
  keys: string[]
}

function announcementsOf(record: SQSRecord): Announcements {
  const { refusal, unreadable } = readRefusal(record.body)
  if (refusal) return { documents: [], refusal, keys: [refusal.id] }
  if (unreadable !== undefined) {
    logger.error('event of refusals cannot be read', { messageId: record.messageId, unreadable })
    return { documents: [], keys: [] }
  }
  const documents = writtenDocuments(record)
  return { documents, keys: documents.map(([key]) => key) }
}

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

/** @returns the keys of documents and the ids of events that were not announced */
async function announce(
  documents: Map<string, WrittenDocument>,
  refusals: ReceivedRefusal[],
): Promise<Set<string>> {
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
  const outcomes = (await pMap(documents, read, { concurrency: MAX_CONCURRENT_READS })).flat()
  for (const { key } of await publishEvents([...outcomes, ...refusals.map(refusedEvent)])) failed.add(key)
  reportAnnounced(documents.size + refusals.length - failed.size)
  return failed
}
