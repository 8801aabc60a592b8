import { listFolders, listImages } from '@darkroom/bucket'
import { DatePartition, metadataKey, storedPrefix } from '@darkroom/core'
import { announceAgain, MAX_ANNOUNCED, type WrittenKey } from '@darkroom/intake'
import pThrottle from 'p-throttle'
import type { StoreWithQueue } from '../open-store.ts'
import type { Selection } from '../selection.ts'
import { outcomesQueueUrl } from './topic.ts'

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
  const queue = { sqs, queueUrl: outcomesQueueUrl(store), bucket: bucket.name }
  const interval = (MAX_ANNOUNCED * 1000) / rate
  const send = pThrottle({ limit: 1, interval })((batch: WrittenKey[]) => announceAgain(queue, batch))
  let sent = 0
  for (const date of await datesOf(store, app)) {
    if ((from && date < from) || (to && date > to)) continue
    let documents = 0
    let batch: WrittenKey[] = []
    const flush = async () => {
      if (batch.length > 0 && !dryRun) await send(batch)
      batch = []
    }
    for await (const { imageId, written } of listImages(bucket, 'metadata', { app, date })) {
      batch.push({ key: metadataKey({ app, imageId }), written })
      documents++
      if (batch.length === MAX_ANNOUNCED) await flush()
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
