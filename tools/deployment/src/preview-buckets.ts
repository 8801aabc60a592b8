import {
  DeleteBucketCommand,
  DeleteBucketPolicyCommand,
  DeleteObjectsCommand,
  ListObjectVersionsCommand,
  paginateListBuckets,
  S3Client,
} from '@aws-sdk/client-s3'

/** The buckets of a stage that a removal keeps. CloudFormation has chosen the ends of the last names. */
function isBucketOf(stage: string, name: string): boolean {
  const patterns = [
    `^(darkroom|undelivered|audit)-${stage}-\\d{12}-`,
    `^darkroom-analytics-catalog-${stage}-(cataloguebucket|queryresults)`,
  ]
  return patterns.some((pattern) => new RegExp(pattern).test(name))
}

/** Deletes the buckets of a stage with all objects and versions, also the audit trail, whose policy denies deletions. */
export async function emptyAndDeleteBuckets(stage: string): Promise<void> {
  const s3 = new S3Client({ forcePathStyle: process.env.AWS_ENDPOINT_URL !== undefined })
  const names: string[] = []
  for await (const { Buckets = [] } of paginateListBuckets({ client: s3 }, {}))
    names.push(...Buckets.map(({ Name = '' }) => Name).filter((name) => isBucketOf(stage, name)))
  for (const Bucket of names) {
    await s3.send(new DeleteBucketPolicyCommand({ Bucket }))
    await empty(s3, Bucket)
    await s3.send(new DeleteBucketCommand({ Bucket }))
    console.log(`${Bucket}: deleted.`)
  }
  s3.destroy()
}

async function empty(s3: S3Client, Bucket: string): Promise<void> {
  for (;;) {
    const { Versions = [], DeleteMarkers = [] } = await s3.send(new ListObjectVersionsCommand({ Bucket }))
    const Objects = [...Versions, ...DeleteMarkers].map(({ Key, VersionId }) => ({ Key, VersionId }))
    if (Objects.length === 0) return
    const { Errors = [] } = await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }))
    const [first] = Errors
    if (first) throw new Error(`${Bucket}: ${first.Key} was not deleted: ${first.Message}`)
  }
}
