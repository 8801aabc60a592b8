import type { Resource } from '../package-service.ts'

export interface Template {
  Resources: Record<string, Resource>
  Outputs?: Record<string, { Value: unknown }>
}

const UNSUPPORTED_TYPES = [
  'AWS::Athena::NamedQuery',
  'AWS::Budgets::Budget',
  // Of version 0.1.0.
  'AWS::Glue::TableOptimizer',
  'AWS::QuickSight::DataSet',
  'AWS::QuickSight::DataSource',
]

/**
 * Takes out of a template what the emulator cannot do: types it does not know, alarms with metric math, and TLS, which it does not
 * speak. The output with the address of the API becomes the emulator's.
 *
 * @returns what was taken out
 */
export function adaptTemplate({ Resources: resources, Outputs = {} }: Template, endpoint: string): string[] {
  const isUnsupported = ({ Type, Properties }: Resource) =>
    UNSUPPORTED_TYPES.includes(Type) || (Type === 'AWS::CloudWatch::Alarm' && 'Metrics' in Properties)
  const removed = Object.keys(resources).filter((name) => isUnsupported(resources[name] as Resource))
  for (const name of removed) delete resources[name]
  allowBatches(resources)
  for (const [name, resource] of Object.entries(resources)) {
    if (resource.DependsOn) {
      resource.DependsOn = [resource.DependsOn].flat().filter((other) => !removed.includes(other))
    }
    if (resource.Type === 'AWS::S3::BucketPolicy' && requiresTls(resource)) {
      removed.push(`${name}: TlsOnly`)
      delete resources[name]
    }
    for (const { Condition } of resource.Properties?.PolicyDocument?.Statement ?? []) {
      const senders = Condition?.ArnNotLike?.['aws:PrincipalArn']
      if (senders) senders.push(...senders.map(toSession))
    }
  }
  if (Outputs.HttpApiUrl)
    Outputs.HttpApiUrl.Value = { 'Fn::Sub': `${endpoint}/_aws/execute-api/\${HttpApi}/$default` }
  return removed
}

/** The condition key `aws:PrincipalArn` of a function is the ARN of its role; the emulator has the ARN of the session. */
function toSession(role: { 'Fn::Sub'?: string; 'Fn::GetAtt'?: string[] }): unknown {
  const pattern = role['Fn::Sub']?.replace(':iam:', ':sts:').replace(':role/', ':assumed-role/')
  if (pattern) return { 'Fn::Sub': `${pattern}/*` }
  return {
    'Fn::Sub': `arn:\${AWS::Partition}:sts::\${AWS::AccountId}:assumed-role/\${${role['Fn::GetAtt']?.[0]}}/*`,
  }
}

function requiresTls({ Properties }: Resource): boolean {
  return JSON.stringify(Properties.PolicyDocument).includes('aws:SecureTransport')
}

/** On AWS the permission for a call allows it for batches, too; the emulator asks for actions of these names. */
const BATCH_ACTIONS: Record<string, string> = {
  'sns:Publish': 'sns:PublishBatch',
  'sqs:SendMessage': 'sqs:SendMessageBatch',
}

function allowBatches(resources: Template['Resources']): void {
  for (const { Type, Properties } of Object.values(resources)) {
    if (Type !== 'AWS::IAM::Role') continue
    for (const { PolicyDocument } of Properties.Policies ?? []) {
      for (const statement of PolicyDocument.Statement) {
        const actions = [statement.Action].flat()
        const batches = actions.flatMap((action) => BATCH_ACTIONS[action] ?? [])
        if (batches.length > 0) statement.Action = [...new Set([...actions, ...batches])]
      }
    }
  }
}
