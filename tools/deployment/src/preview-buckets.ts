import {
  DeleteBucketCommand,
  DeleteBucketPolicyCommand,
  DeleteObjectsCommand,
  ListObjectVersionsCommand,
  paginateListBuckets,
  S3Client,
} from '@aws-sdk/client-s3'

/** The stage of a bucket that a removal keeps. CloudFormation has chosen the ends of the last names. */
function stageOf(bucket: string): string | undefined {
  const patterns = [
    /^(?:darkroom|undelivered|audit)-(pr-\d+)-\d{12}-/,
    /^darkroom-analytics-catalog-(pr-\d+)-(?:cataloguebucket|queryresults)/,
  ]
  return patterns.map((pattern) => pattern.exec(bucket)?.[1]).find((stage) => stage !== undefined)
}

const openS3 = () => new S3Client({ forcePathStyle: process.env.AWS_ENDPOINT_URL !== undefined })

/** In the client's region. */
async function namesOfBuckets(client: S3Client): Promise<string[]> {
  const names: string[] = []
  const BucketRegion = await client.config.region()
  for await (const { Buckets = [] } of paginateListBuckets({ client }, { BucketRegion }))
    names.push(...Buckets.map(({ Name = '' }) => Name))
  return names
}

/** The preview stages of which the account has a bucket. */
export async function previewsWithBuckets(): Promise<string[]> {
  const s3 = openS3()
  const stages = (await namesOfBuckets(s3)).flatMap((name) => stageOf(name) ?? [])
  s3.destroy()
  return stages
}

/** Deletes the buckets of a preview with all objects and versions, also the audit trail, whose policy denies deletions. */
export async function emptyAndDeleteBuckets(stage: string): Promise<void> {
  const s3 = openS3()
  for (const Bucket of (await namesOfBuckets(s3)).filter((name) => stageOf(name) === stage)) {
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
