import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { type Catalogue, openCatalogue } from '@darkroom/analytics'
import { type MetadataDocument, metadataKey } from '@darkroom/core'
import { writeDashboard } from '@darkroom/dashboard'
import { startLocalAws } from '@darkroom/local-aws'

const BUCKET = 'dashboard'
const SIDE_BY_SIDE = 32

/** A catalogue over documents in a local S3, and the dashboard of it in a folder. */
export interface WrittenDashboard {
  folder: string
  catalogue: Catalogue
  stop(): Promise<void>
}

export async function writtenDashboard(
  documents: Iterable<MetadataDocument>,
  uploadPages: { name: string; url: string }[] = [],
): Promise<WrittenDashboard> {
  const aws = await startLocalAws()
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }
  const s3 = new S3Client({ endpoint: aws.endpoint, region: 'us-east-1', credentials })
  await s3.send(new CreateBucketCommand({ Bucket: BUCKET }))
  const waiting = documents[Symbol.iterator]()
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, () => putAll(s3, waiting)))
  const catalogue = await openCatalogue(s3, BUCKET)
  const folder = await mkdtemp(join(tmpdir(), 'darkroom-dashboard-'))
  await writeDashboard(catalogue, folder, { days: 90 }, uploadPages)
  return {
    folder,
    catalogue,
    async stop() {
      catalogue.close()
      s3.destroy()
      await aws.stop()
      await rm(folder, { recursive: true })
    },
  }
}

async function putAll(s3: S3Client, waiting: Iterator<MetadataDocument>): Promise<void> {
  for (let next = waiting.next(); !next.done; next = waiting.next()) {
    const { app, image_id: imageId } = next.value
    const Key = metadataKey({ app, imageId })
    await s3.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body: `${JSON.stringify(next.value)}\n` }))
  }
}
