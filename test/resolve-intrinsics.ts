import type { Resource } from './package-service.ts'

const PSEUDO_PARAMETERS: Record<string, string> = {
  'AWS::AccountId': '123456789012',
  'AWS::Partition': 'aws',
  'AWS::Region': 'us-east-1',
  'AWS::URLSuffix': 'amazonaws.com',
}

/**
 * Resolves every Ref, Fn::GetAtt, Fn::Sub and Fn::Join in a value of a template, as CloudFormation would in account
 * 123456789012. Buckets and queues have the names in the template.
 */
export function resolveIntrinsics(value: unknown, resources: Record<string, Resource>): unknown {
  const resolve = (inner: unknown): unknown => resolveIntrinsics(inner, resources)
  if (Array.isArray(value)) return value.map(resolve)
  if (typeof value !== 'object' || value === null) return value
  const [[name, argument] = [], ...others] = Object.entries(value)
  if (others.length === 0) {
    if (name === 'Ref') return PSEUDO_PARAMETERS[argument] ?? identify(argument, 'Ref', resources)
    if (name === 'Fn::GetAtt') return identify(argument[0], argument[1], resources)
    if (name === 'Fn::Join') return (resolve(argument[1]) as string[]).join(argument[0])
    if (name === 'Fn::Sub') return substitute(argument, resources)
  }
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, resolve(inner)]))
}

function substitute(text: string, resources: Record<string, Resource>): string {
  return text
    .replaceAll(
      /\$\{([^!}.]+)(?:\.([^}]+))?\}/g,
      (_, name, attribute = 'Ref') => PSEUDO_PARAMETERS[name] ?? identify(name, attribute, resources),
    )
    .replaceAll('${!', '${')
}

function identify(id: string, attribute: string, resources: Record<string, Resource>): string {
  const resource = resources[id]
  const { Type, Properties } = resource ?? {}
  const own = Properties?.BucketName ?? Properties?.QueueName ?? Properties?.TopicName
  const name = own === undefined ? id.toLowerCase() : String(resolveIntrinsics(own, resources))
  if (Type === 'AWS::S3::Bucket' && attribute === 'Ref') return name
  if (Type === 'AWS::S3::Bucket' && attribute === 'Arn') return `arn:aws:s3:::${name}`
  if (Type === 'AWS::SQS::Queue' && attribute === 'Ref') {
    return `https://sqs.us-east-1.amazonaws.com/123456789012/${name}`
  }
  if (Type === 'AWS::SQS::Queue' && attribute === 'Arn') return `arn:aws:sqs:us-east-1:123456789012:${name}`
  if (Type === 'AWS::SNS::Topic' && /^(Ref|TopicArn)$/.test(attribute)) {
    return `arn:aws:sns:us-east-1:123456789012:${name}`
  }
  return `${id}.${attribute}`
}
