import { DatePartition, RECONCILED_KEY } from '@darkroom/core'
import type { Bucket } from './bucket.ts'
import { getText, putObject } from './objects.ts'

/** The last date for whose originals the daily reconcile has sent messages; undefined if it never did, or if the object says no date. */
export async function getReconciled(bucket: Bucket): Promise<string | undefined> {
  return DatePartition.safeParse((await getText(bucket, RECONCILED_KEY))?.text).data
}

export async function putReconciled(bucket: Bucket, date: string): Promise<void> {
  await putObject(bucket, RECONCILED_KEY, { Body: date, ContentType: 'text/plain' })
}
