import { execFile } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findOriginal, getDocument, listApps, listDates, listImages, openBucket } from '@darkroom/bucket'
import type { ImageRef } from '@darkroom/core'
import { localCredentials } from '@darkroom/local-aws'
import type { Sent } from './clients.ts'
import type { FaultyStack } from './faulty-stack.ts'

/** What became of the pictures. */
export interface Found {
  processed: number
  failed: number
  /** Accepted, and without an original or a document. */
  lost: number
  /** Stored more than once. */
  doubled: number
}

/** Looks for every picture that was accepted, by the hash of its original. */
export async function findImages(
  { bucket: name, s3Endpoint: endpoint }: FaultyStack,
  sent: Sent[],
): Promise<Found> {
  const bucket = openBucket(name, { endpoint, region: 'us-east-1', credentials: localCredentials })
  const found: Found = { processed: 0, failed: 0, lost: 0, doubled: 0 }
  const images = new Map<string, ImageRef[]>()
  for (const app of await listApps(bucket, 'input')) {
    for (const date of await listDates(bucket, app)) {
      for await (const { imageId } of listImages(bucket, 'input', { app, date })) {
        const image = { app, imageId }
        const { sha256 = '' } = (await findOriginal(bucket, image)) ?? {}
        images.set(sha256, [...(images.get(sha256) ?? []), image])
      }
    }
  }
  for (const { sha256, accepted } of sent) {
    const [image, ...others] = images.get(sha256) ?? []
    if (others.length > 0) found.doubled += 1
    const document = image && (await getDocument(bucket, image))?.document
    if (document?.status === 'processed' && document.sha256 === sha256) found.processed += 1
    else if (document?.status === 'failed') found.failed += 1
    else if (accepted) found.lost += 1
  }
  bucket.s3.destroy()
  return found
}

/** `pnpm darkroom audit` of the stack's store. */
export function audit({ direct, bucket }: FaultyStack): Promise<{ code: number; printed: string }> {
  const script = new URL('../../tools/cli/src/darkroom.ts', import.meta.url).pathname
  const checkpoint = join(tmpdir(), `audit-${process.pid}.json`)
  const store = ['--bucket', bucket, '--queue-url', direct.QUEUE_URL]
  const args = ['audit', ...store, '--settled', '0', '--hashes', '--decode', '--checkpoint', checkpoint]
  const env = { ...process.env, ...direct, NO_COLOR: '1' }
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', script, ...args],
      { env },
      (error, stdout, stderr) => resolve({ code: error ? Number(error.code) : 0, printed: stdout + stderr }),
    )
  })
}
