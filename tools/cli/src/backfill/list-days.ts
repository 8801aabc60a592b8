import { paginateListObjectsV2 } from '@aws-sdk/client-s3'
import {
  type AppId,
  DatePartition,
  type ImageId,
  inputPrefix,
  metadataPrefix,
  parseInputKey,
  parseMetadataKey,
} from '@darkroom/core'
import type { Store } from '../open-store.ts'

/** The images of one day of which there are an original and a document. */
export interface Day {
  date: string
  imageIds: ImageId[]
}

/** The days of which there are originals of the app, oldest first; both ends included. */
export async function* listDays(store: Store, app: AppId, from?: string, to?: string): AsyncGenerator<Day> {
  for (const date of await datesOf(store, app)) {
    if ((from && date < from) || (to && date > to)) continue
    const inputs = await idsUnder(store, inputPrefix(app, date))
    const finished = new Set(await idsUnder(store, metadataPrefix(app, date)))
    yield { date, imageIds: inputs.filter((imageId) => finished.has(imageId)) }
  }
}

async function datesOf({ s3, bucket }: Store, app: AppId): Promise<string[]> {
  const dates: string[] = []
  const list = { Bucket: bucket, Prefix: `input/${app}/`, Delimiter: '/' }
  for await (const { CommonPrefixes = [] } of paginateListObjectsV2({ client: s3 }, list)) {
    dates.push(
      ...CommonPrefixes.flatMap(
        ({ Prefix = '' }) => DatePartition.safeParse(Prefix.split('/')[2]).data ?? [],
      ),
    )
  }
  return dates.toSorted()
}

async function idsUnder({ s3, bucket }: Store, Prefix: string): Promise<ImageId[]> {
  const ids: ImageId[] = []
  for await (const { Contents = [] } of paginateListObjectsV2({ client: s3 }, { Bucket: bucket, Prefix })) {
    ids.push(
      ...Contents.flatMap(({ Key = '' }) => (parseInputKey(Key) ?? parseMetadataKey(Key))?.imageId ?? []),
    )
  }
  return ids
}
