import {
  type BucketLocationConstraint,
  CreateBucketCommand,
  type Event,
  HeadBucketCommand,
  NotFound,
  PutBucketNotificationConfigurationCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import * as z from 'zod'
import type { Resource } from '../template.ts'
import type { ResourceContext } from './resource.ts'
import { parseResource } from './resource.ts'

/** As in CloudFormation, whose names differ from those of the API of S3. */
const Notification = z.object({
  Event: z.string(),
  Filter: z
    .object({ S3Key: z.object({ Rules: z.array(z.object({ Name: z.string(), Value: z.string() })) }) })
    .optional(),
})

const BucketProperties = z.object({
  BucketName: z.string(),
  NotificationConfiguration: z
    .object({
      QueueConfigurations: z.array(Notification.extend({ Queue: z.string() })).default([]),
      TopicConfigurations: z.array(Notification.extend({ Topic: z.string() })).default([]),
    })
    .optional(),
})
type BucketProperties = z.infer<typeof BucketProperties>

/** Creates the buckets by name, with their notifications. CORS, lifecycle rules and policies are not applied. */
export async function createBuckets(
  resources: Resource[],
  { region, resolve, log }: ResourceContext,
): Promise<void> {
  const client = new S3Client({ region })
  try {
    const buckets = resources.map(({ Type, Properties }) =>
      parseResource(BucketProperties, resolve(Properties), Type),
    )
    for (const bucket of buckets) {
      if (!(await exists(client, bucket.BucketName))) await create(client, bucket.BucketName, region)
      await configureNotifications(client, bucket)
    }
    const names = buckets.map(({ BucketName }) => BucketName)
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

async function configureNotifications(
  client: S3Client,
  { BucketName, NotificationConfiguration: configured }: BucketProperties,
): Promise<void> {
  if (!configured) return
  const { QueueConfigurations, TopicConfigurations } = configured
  const NotificationConfiguration = {
    QueueConfigurations: QueueConfigurations.map((one) => ({ ...ruleOf(one), QueueArn: one.Queue })),
    TopicConfigurations: TopicConfigurations.map((one) => ({ ...ruleOf(one), TopicArn: one.Topic })),
  }
  const input = { Bucket: BucketName, NotificationConfiguration }
  await client.send(new PutBucketNotificationConfigurationCommand(input))
}

function ruleOf({ Event: event, Filter }: z.infer<typeof Notification>) {
  const filterRules = Filter?.S3Key.Rules.map(({ Name, Value }) => ({
    Name: Name as 'prefix' | 'suffix',
    Value,
  }))
  return { Events: [event as Event], ...(filterRules && { Filter: { Key: { FilterRules: filterRules } } }) }
}
