import { type Bucket, getText, listFolders, newestReceipt } from '@darkroom/bucket'
import { AppId, placePrefix, receiptHash, receiptKey, Sha256 } from '@darkroom/core'
import * as z from 'zod'
import type { Breach } from './breaches.ts'

/** The newest link of an app's chain, as it was printed: `web-app-1:42:9f3a…`. */
export const ReceiptHead = z
  .string()
  .regex(/^[^:]+:\d+:[^:]+$/, 'must look like web-app-1:42:9f3a…')
  .transform((text) => {
    const [app, sequence, hash] = text.split(':')
    return { app, sequence: Number(sequence), hash }
  })
  .pipe(z.object({ app: AppId, sequence: z.int().positive(), hash: Sha256 }))
export type ReceiptHead = z.infer<typeof ReceiptHead>

export async function listHeads(bucket: Bucket): Promise<string[]> {
  const folders = await listFolders(bucket, placePrefix('receipts'))
  const apps = folders.flatMap((folder) => AppId.safeParse(folder).data ?? [])
  const heads = await Promise.all(apps.map(async (app) => ({ app, ...(await newestReceipt(bucket, app)) })))
  return heads
    .filter(({ sequence }) => sequence > 0)
    .map(({ app, sequence, hash }) => `${app}:${sequence}:${hash}`)
}

/** The link that was the newest is still there, so nothing before it was removed or computed anew. */
export async function checkHead(bucket: Bucket, { app, sequence, hash }: ReceiptHead): Promise<Breach[]> {
  const key = receiptKey({ app, sequence })
  const stored = await getText(bucket, key)
  if (stored && receiptHash(stored.text) === hash) return []
  const detail = stored ? 'it has another hash than --head states' : 'it was removed after --head was printed'
  return [{ class: 'broken-chain', key, detail }]
}
