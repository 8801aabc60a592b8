import {
  type BucketLocationConstraint,
  CreateBucketCommand,
  HeadBucketCommand,
  NotFound,
  S3Client,
} from '@aws-sdk/client-s3'
import * as z from 'zod'
import type { Resource } from '../template.ts'
import type { ResourceContext } from './resource.ts'
import { parseResource } from './resource.ts'

const BucketProperties = z.object({ BucketName: z.string() })

/** Creates the buckets by name. CORS, lifecycle rules and policies are not applied. */
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
    log.info(`Buckets are ready: ${names.join(', ')}`)
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
      // S3 rejects us-east-1 as a LocationConstraint.
      ...(region === 'us-east-1' ? {} : { CreateBucketConfiguration: { LocationConstraint } }),
    }),
  )
}
