import {
  type BucketLocationConstraint,
  CreateBucketCommand,
  HeadBucketCommand,
  NotFound,
  S3Client,
} from '@aws-sdk/client-s3'
import { z } from 'zod'
import type { Resource } from '../template/template.ts'
import { parseResource } from './parse-resource.ts'
import type { ResourceContext } from './resource-context.ts'

const BucketProperties = z.object({ BucketName: z.string() })

/** The buckets by name alone; CORS, lifecycle and policies are for the server they run on. */
export async function createBuckets(
  resources: Resource[],
  { region, resolve, log }: ResourceContext,
): Promise<void> {
  const client = new S3Client({ region })
  try {
    const buckets = resources.map(({ Type, Properties }) =>
      parseResource(BucketProperties, resolve(Properties), Type),
    )
    const names = buckets.map(({ BucketName }) => BucketName)
    for (const name of names) {
      if (!(await exists(client, name))) await create(client, name, region)
    }
    log.info(`Buckets in place: ${names.join(', ')}`)
  } finally {
    client.destroy()
  }
}

async function exists(client: S3Client, name: string): Promise<boolean> {
  try {
    await client.send(new HeadBucketCommand({ Bucket: name }))
    return true
  } catch (error) {
    if (error instanceof NotFound) return false
    throw error
  }
}

async function create(client: S3Client, name: string, region: string): Promise<void> {
  const LocationConstraint = region as BucketLocationConstraint
  await client.send(
    new CreateBucketCommand({
      Bucket: name,
      // us-east-1 is the one region that must not be named.
      ...(region === 'us-east-1' ? {} : { CreateBucketConfiguration: { LocationConstraint } }),
    }),
  )
}
