import { EventSourceError } from '../event-source-error.ts'
import type { Resolve, Template } from './template.ts'

const NAME_PROPERTIES: Record<string, string> = {
  'AWS::SQS::Queue': 'QueueName',
  'AWS::S3::Bucket': 'BucketName',
}

/** CloudFormation would make up a missing name; locally there is nobody to ask for it. */
export function resourceName(logicalId: string, template: Template, resolve: Resolve): string {
  const resource = template.Resources[logicalId]
  if (!resource) throw new EventSourceError('unresolved', `The service has no resource ${logicalId}.`)
  const property = NAME_PROPERTIES[resource.Type]
  if (!property) {
    throw new EventSourceError('unresolved', `${logicalId} is an ${resource.Type}, which has no local name.`)
  }
  const name = resolve(resource.Properties?.[property])
  if (typeof name === 'string' && name !== '') return name
  throw new EventSourceError('invalid-resource', `Resource ${logicalId} needs a ${property} to run locally.`)
}

export function resourceArn(type: string, name: string, region: string, account: string): string {
  return type === 'AWS::S3::Bucket' ? `arn:aws:s3:::${name}` : `arn:aws:sqs:${region}:${account}:${name}`
}
