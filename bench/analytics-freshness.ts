import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { generateImages, openCatalogue } from '@darkroom/catalogue'
import { type MetadataDocument, metadataKey } from '@darkroom/core'
import { startLocalAws } from '@darkroom/local-aws'

const DOCUMENTS = 2000

/** Seconds from writing a metadata document to a local store until both tables of an open catalogue contain it. */
export async function measureFreshness(): Promise<{ documents: number; seconds: number }> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-analytics-'))
  const aws = await startLocalAws()
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }
  const s3 = new S3Client({ endpoint: aws.endpoint, region: 'us-east-1', credentials, forcePathStyle: true })
  try {
    const until = new Date().toISOString()
    const file = await generateImages(folder, { images: DOCUMENTS + 1, seed: 2, days: 30, until }, 'json')
    const lines = (await readFile(file, 'utf8')).trimEnd().split('\n')
    const finished = lines.findIndex((line) => line.includes('"status":"processed"'))
    const [last = ''] = lines.splice(finished, 1)
    await s3.send(new CreateBucketCommand({ Bucket: 'fresh' }))
    for (const line of lines) await commit(s3, line)
    const catalogue = await openCatalogue(s3, 'fresh')
    const started = performance.now()
    await commit(s3, last)
    await catalogue.refresh()
    const { image_id } = JSON.parse(last)
    const seen = await catalogue.query(`SELECT image_id FROM images JOIN image_documents USING (image_id)
      WHERE image_id = '${image_id}'`)
    const seconds = (performance.now() - started) / 1000
    if (seen.rows.length !== 1) throw new Error('The newest image is missing from one of the tables.')
    catalogue.close()
    return { documents: DOCUMENTS, seconds }
  } finally {
    s3.destroy()
    await aws.stop()
    await rm(folder, { recursive: true })
  }
}

async function commit(s3: S3Client, line: string): Promise<void> {
  const { app, image_id }: MetadataDocument = JSON.parse(line)
  await s3.send(
    new PutObjectCommand({ Bucket: 'fresh', Key: metadataKey({ app, imageId: image_id }), Body: line }),
  )
}
