import type { Resource } from './alarms.ts'

/** The lines of `auditLine` in packages/core. */
const PATTERN = '{ $.audit = 1 }'

/**
 * A subscription for the log group of each function: CloudWatch sends the lines of the audit trail, and no others, to the stream of
 * image-processor, by its name. CloudWatch allows two subscriptions for a log group.
 */
export function auditSubscriptions(functions: string[], stage: string): Record<string, Resource> {
  const account = `\${AWS::Region}:\${AWS::AccountId}`
  return Object.fromEntries(
    functions.map((name) => {
      const id = name.charAt(0).toUpperCase() + name.slice(1)
      const subscription = {
        Type: 'AWS::Logs::SubscriptionFilter',
        Properties: {
          LogGroupName: { Ref: `${id}LogGroup` },
          FilterName: 'audit-trail',
          FilterPattern: PATTERN,
          DestinationArn: {
            'Fn::Sub': `arn:\${AWS::Partition}:firehose:${account}:deliverystream/darkroom-${stage}-audit`,
          },
          RoleArn: {
            'Fn::Sub': `arn:\${AWS::Partition}:iam::\${AWS::AccountId}:role/darkroom-${stage}-auditLogs-\${AWS::Region}`,
          },
        },
      }
      return [`${id}AuditSubscription`, subscription]
    }),
  )
}
