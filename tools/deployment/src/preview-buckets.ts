import {
  DeleteBucketCommand,
  DeleteObjectsCommand,
  paginateListBuckets,
  paginateListObjectsV2,
  S3Client,
} from '@aws-sdk/client-s3'

/** The buckets of a stage that a removal keeps. CloudFormation has chosen the ends of the last names. */
function isBucketOf(stage: string, name: string): boolean {
  const patterns = [
    `^(darkroom|undelivered)-${stage}-\\d{12}-`,
    `^darkroom-analytics-catalog-${stage}-(cataloguebucket|queryresults)`,
  ]
  return patterns.some((pattern) => new RegExp(pattern).test(name))
}

/** Deletes the buckets of a stage with all objects. */
export async function emptyAndDeleteBuckets(stage: string): Promise<void> {
  const s3 = new S3Client({ forcePathStyle: process.env.AWS_ENDPOINT_URL !== undefined })
  const names: string[] = []
  for await (const { Buckets = [] } of paginateListBuckets({ client: s3 }, {}))
    names.push(...Buckets.map(({ Name = '' }) => Name).filter((name) => isBucketOf(stage, name)))
  for (const Bucket of names) {
    for await (const { Contents = [] } of paginateListObjectsV2({ client: s3 }, { Bucket })) {
      const Objects = Contents.map(({ Key }) => ({ Key }))
      if (Objects.length > 0) await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }))
    }
    await s3.send(new DeleteBucketCommand({ Bucket }))
    console.log(`${Bucket}: deleted.`)
  }
  s3.destroy()
}
