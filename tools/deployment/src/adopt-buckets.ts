import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  CloudFormationClient,
  CreateChangeSetCommand,
  ExecuteChangeSetCommand,
  waitUntilChangeSetCreateComplete,
  waitUntilStackImportComplete,
} from '@aws-sdk/client-cloudformation'
import { paginateListBuckets, S3Client } from '@aws-sdk/client-s3'
import { stackName } from './stacks.ts'

interface Template {
  Resources: Record<string, { Type: string; Properties?: { BucketName?: unknown } }>
}

const MAX_WAIT_SECONDS = 600

/**
 * Begins the stack of a service that was removed with the buckets that the removal kept. The next deployment adds the rest, and
 * gives the buckets their settings. Nothing happens if there is no such bucket.
 *
 * @param folder the service's package for the stage
 * @throws Error if the stack exists, which then has its buckets already
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/resource-import-new-stack.html
 */
export async function adoptBuckets(service: string, stage: string, folder: string): Promise<void> {
  const template: Template = JSON.parse(
    readFileSync(join(folder, 'cloudformation-template-update-stack.json'), 'utf8'),
  )
  const kept = await bucketsInAccount(namesOfBuckets(template))
  if (kept.length === 0) {
    console.log(`${service}: the account has no bucket of ${stage} for it.`)
    return
  }
  const stack = { StackName: stackName(service, stage) }
  const changeSet = { ...stack, ChangeSetName: 'adopt-buckets' }
  const client = new CloudFormationClient()
  const waiter = { client, maxWaitTime: MAX_WAIT_SECONDS }
  const Resources = kept.map(({ id, property }) => [
    id,
    { Type: 'AWS::S3::Bucket', DeletionPolicy: 'Retain', Properties: { BucketName: property } },
  ])
  try {
    await client.send(
      new CreateChangeSetCommand({
        ...changeSet,
        ChangeSetType: 'IMPORT',
        TemplateBody: JSON.stringify({ Resources: Object.fromEntries(Resources) }),
        ResourcesToImport: kept.map(({ id, name }) => ({
          ResourceType: 'AWS::S3::Bucket',
          LogicalResourceId: id,
          ResourceIdentifier: { BucketName: name },
        })),
      }),
    )
    await waitUntilChangeSetCreateComplete(waiter, changeSet)
    await client.send(new ExecuteChangeSetCommand(changeSet))
    await waitUntilStackImportComplete(waiter, stack)
  } finally {
    client.destroy()
  }
  for (const { name } of kept) console.log(`${service}: ${name} belongs to ${stack.StackName} again.`)
}

interface NamedBucket {
  /** The logical id. */
  id: string
  /** The name, as the template has it. */
  property: unknown
  /** Matches the name in any account and region. */
  pattern: RegExp
}

/** The buckets whose names the template says. Others get a new name with each stack. */
function namesOfBuckets({ Resources }: Template): NamedBucket[] {
  return Object.entries(Resources).flatMap(([id, { Type, Properties }]) => {
    const property = Properties?.BucketName
    const name = typeof property === 'string' ? property : (property as { 'Fn::Sub'?: string })?.['Fn::Sub']
    if (Type !== 'AWS::S3::Bucket' || !name) return []
    const pattern = name.replace(/\$\{AWS::AccountId\}/, '\\d{12}').replace(/\$\{AWS::Region\}/, '[a-z0-9-]+')
    return [{ id, property, pattern: new RegExp(`^${pattern}$`) }]
  })
}

async function bucketsInAccount(wanted: NamedBucket[]): Promise<(NamedBucket & { name: string })[]> {
  const s3 = new S3Client({ forcePathStyle: process.env.AWS_ENDPOINT_URL !== undefined })
  const BucketRegion = await s3.config.region()
  try {
    const names: string[] = []
    for await (const { Buckets = [] } of paginateListBuckets({ client: s3 }, { BucketRegion }))
      names.push(...Buckets.map(({ Name = '' }) => Name))
    return wanted.flatMap((bucket) => {
      const name = names.find((candidate) => bucket.pattern.test(candidate))
      return name ? [{ ...bucket, name }] : []
    })
  } finally {
    s3.destroy()
  }
}
