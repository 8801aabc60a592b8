import { SendMessageBatchCommand } from '@aws-sdk/client-sqs'
import { listFolders, listImages } from '@darkroom/bucket'
import { DatePartition, metadataKey, repeatedS3Event, storedPrefix } from '@darkroom/core'
import pThrottle from 'p-throttle'
import type { StoreWithQueue } from '../open-store.ts'
import type { Selection } from '../selection.ts'
import { outcomesQueueUrl } from './topic.ts'

/** SQS's limit. */
const BATCH = 10

/**
 * Sends the outcomes queue what S3 sends for a document, for each document of the selected days.
 *
 * @param onDay called with the number of documents of a day, when they are sent
 */
export async function replay(
  store: StoreWithQueue,
  { app, from, to, rate, dryRun }: Selection,
  onDay: (date: string, documents: number) => void,
): Promise<number> {
  const { bucket, sqs } = store
  const QueueUrl = outcomesQueueUrl(store)
  const send = pThrottle({ limit: 1, interval: (BATCH * 1000) / rate })(async (bodies: string[]) => {
    const Entries = bodies.map((MessageBody, n) => ({ Id: String(n), MessageBody }))
    const { Failed = [] } = await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }))
    if (Failed[0]) throw new Error(`SQS did not take a message: ${Failed[0].Message ?? Failed[0].Code}`)
  })
  let sent = 0
  for (const date of await datesOf(store, app)) {
    if ((from && date < from) || (to && date > to)) continue
    let documents = 0
    let batch: string[] = []
    const flush = async () => {
      if (batch.length > 0 && !dryRun) await send(batch)
      batch = []
    }
    for await (const { imageId, written } of listImages(bucket, 'metadata', { app, date })) {
      batch.push(JSON.stringify(repeatedS3Event(bucket.name, metadataKey({ app, imageId }), written)))
      documents++
      if (batch.length === BATCH) await flush()
    }
    await flush()
    onDay(date, documents)
    sent += documents
  }
  return sent
}

/** The days of an app's documents, oldest first. */
async function datesOf({ bucket }: StoreWithQueue, app: string): Promise<string[]> {
  const folders = await listFolders(bucket, storedPrefix('metadata', app))
  return folders
    .flatMap((folder) => DatePartition.safeParse(folder.replace(/^dt=/, '')).data ?? [])
    .toSorted()
}
