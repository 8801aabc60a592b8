import { allow, type KafkaCluster, mskCluster, type Statement, selfManagedCluster } from './kafka-cluster.ts'
import {
  type Reference,
  type ResolveVariable,
  readTriggerSettings,
  type TriggerSettings,
} from './trigger-settings.ts'

/** The parts of serverless.yml that depend on the Kafka cluster. */
export interface KafkaTrigger {
  /** The function's events, one per topic. */
  events: object[]
  /** Properties of the event source mapping that the framework has no setting for, by logical id. */
  extensions: Record<string, { DependsOn: string[]; Properties: object }>
  /** Permissions that the function's role needs to poll. */
  statements: Statement[]
}

/**
 * Makes the trigger for an MSK cluster or a self-managed one from the stage's parameters.
 * https://docs.aws.amazon.com/lambda/latest/dg/with-kafka.html
 *
 * @throws Error with a sentence for each parameter that is wrong
 */
export async function kafkaTrigger(resolveVariable: ResolveVariable): Promise<KafkaTrigger> {
  const settings = await readTriggerSettings(resolveVariable)
  const consumerGroupId = `darkroom-${settings.stage}`
  const { topics } = settings
  const cluster =
    settings.kafkaCluster === 'msk'
      ? mskCluster(settings, topics, consumerGroupId)
      : selfManagedCluster(settings)
  const event = {
    enabled: settings.kafkaEnabled,
    batchSize: 50,
    startingPosition: 'TRIM_HORIZON',
    consumerGroupId,
  }
  return {
    events: topics.map((topic) => cluster.event(topic, event)),
    extensions: Object.fromEntries(
      logicalIds(topics, cluster).map((id) => [
        id,
        {
          // Lambda checks these permissions when the mapping is created.
          DependsOn: ['TriggerPolicy', 'UndeliveredPolicy'],
          Properties: mappingProperties(settings),
        },
      ]),
    ),
    statements: [
      ...cluster.statements,
      ...(cluster.isInVpc ? [networkStatement] : []),
      ...secretStatements(cluster.secrets, settings.kafkaKmsKeyArn),
    ],
  }
}

/** @throws Error if the framework gives the mappings of two topics the same id, because it leaves out punctuation */
function logicalIds(topics: string[], { logicalId }: KafkaCluster): string[] {
  const topicOf = new Map<string, string>()
  for (const topic of topics) {
    const id = logicalId(topic)
    const other = topicOf.get(id)
    if (other !== undefined) {
      throw new Error(
        `The Kafka topics ${other} and ${topic} differ only in punctuation or case: deploy one of them, and rename the other.`,
      )
    }
    topicOf.set(id, topic)
  }
  return [...topicOf.keys()]
}

function mappingProperties(settings: TriggerSettings): object {
  return {
    // No window, because a person waits for the image. Under load batches fill while the previous one runs.
    MaximumBatchingWindowInSeconds: 0,
    FunctionResponseTypes: ['ReportBatchItemFailures'],
    // For Kafka, AWS supports partial responses and the limits below in provisioned mode only.
    ProvisionedPollerConfig: {
      MinimumPollers: settings.kafkaMinimumPollers,
      MaximumPollers: settings.kafkaMaximumPollers,
    },
    BisectBatchOnFunctionError: true,
    // The default is the maximum: an outage of S3 or SQS is no reason to give up a record. Without a number, Lambda gives
    // up early once there is a destination.
    MaximumRetryAttempts: settings.kafkaMaximumRetryAttempts,
    MaximumRecordAgeInSeconds: settings.kafkaMaximumRecordAgeSeconds,
    MetricsConfig: { Metrics: ['EventCount', 'ErrorCount', 'KafkaMetrics'] },
    // With the records, also those that are too large for an event.
    DestinationConfig: { OnFailure: { Destination: { 'Fn::GetAtt': ['UndeliveredBucket', 'Arn'] } } },
  }
}

/** Lambda's pollers create network interfaces in a VPC. EC2 supports no narrower resource for most of these actions. */
const networkStatement = allow(
  [
    'ec2:CreateNetworkInterface',
    'ec2:DeleteNetworkInterface',
    'ec2:DescribeNetworkInterfaces',
    'ec2:DescribeSecurityGroups',
    'ec2:DescribeSubnets',
    'ec2:DescribeVpcs',
  ],
  '*',
)

function secretStatements(secrets: Reference[], keyArn: Reference | undefined): Statement[] {
  return [
    ...(secrets.length > 0 ? [allow(['secretsmanager:GetSecretValue'], secrets)] : []),
    ...(keyArn ? [allow(['kms:Decrypt'], keyArn)] : []),
  ]
}
