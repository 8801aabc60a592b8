import { beforeAll, describe, expect, test } from '@jest/globals'
import { parseMetricsInsights } from './metrics-insights.ts'
import { packageService, type Resource, type ServicePackage } from './package-service.ts'
import { resolveIntrinsics } from './resolve-intrinsics.ts'

const SECRET = 'arn:aws:secretsmanager:us-east-1:123456789012:secret:darkroom-kafka-AbCdEf'
const KEY = 'arn:aws:kms:us-east-1:123456789012:key/8f6c'
const MSK = 'arn:aws:kafka:us-east-1:123456789012:cluster/photos/5e8a-3'

/** The kinds of clusters, with their stage parameters. The default is in `templates.test.ts`. */
const CLUSTERS = {
  'self-managed with SCRAM-SHA-256': { kafkaAuth: 'scram-256' },
  'msk with IAM': { kafkaCluster: 'msk', kafkaAuth: 'iam', mskClusterArn: MSK },
  'msk with SCRAM': { kafkaCluster: 'msk', mskClusterArn: MSK, kafkaKmsKeyArn: KEY },
}
type Cluster = keyof typeof CLUSTERS

const packages: Partial<Record<Cluster, ServicePackage>> = {}
let refusal: string
beforeAll(async () => {
  const clusters = Object.entries(CLUSTERS).map(async ([cluster, params]) => {
    packages[cluster as Cluster] = await packageService('kafka-bridge', {}, params)
  })
  await packageService('kafka-bridge', {}, { kafkaCluster: 'confluent' }).catch(({ message }) => {
    refusal = message
  })
  await Promise.all(clusters)
}, 900_000)

function resource(cluster: Cluster, id: string): Resource {
  const resources = packages[cluster]?.resources ?? {}
  return resolveIntrinsics(resources[id], resources) as Resource
}

/** Of the function that reads the topic. */
const lambdaOf = (cluster: Cluster) => resource(cluster, 'BridgeRecordsLambdaFunction')

function mappingOf(cluster: Cluster): Resource {
  const ids = Object.keys(packages[cluster]?.resources ?? {})
  const [id = '', ...others] = ids.filter((name) => /^BridgeRecordsEventSourceMapping/.test(name))
  expect(others).toEqual([])
  return resource(cluster, id)
}

const allow = (Action: string[], Resource: unknown) => ({ Effect: 'Allow', Action, Resource })

describe.each(Object.keys(CLUSTERS) as Cluster[])('a cluster that is %s', (cluster) => {
  test('is read from the beginning of its topic when it is enabled', () => {
    expect(mappingOf(cluster).Properties).toMatchObject({
      Enabled: false,
      StartingPosition: 'TRIM_HORIZON',
      Topics: ['images.web-app-2'],
    })
  })

  test('loses nothing: it retries for a week, record by record, and stores what it gives up', () => {
    expect(mappingOf(cluster).Properties).toMatchObject({
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ProvisionedPollerConfig: { MinimumPollers: 1, MaximumPollers: 4 },
      BisectBatchOnFunctionError: true,
      MaximumRetryAttempts: 10_000,
      MaximumRecordAgeInSeconds: 604_800,
      DestinationConfig: {
        OnFailure: { Destination: 'arn:aws:s3:::undelivered-dev-123456789012-us-east-1' },
      },
    })
  })

  test('is read without a batching window, and measured', () => {
    expect(mappingOf(cluster).Properties).toMatchObject({
      MaximumBatchingWindowInSeconds: 0,
      MetricsConfig: { Metrics: ['EventCount', 'ErrorCount', 'KafkaMetrics'] },
    })
  })

  test('is polled only after the role has its permissions', () => {
    expect(mappingOf(cluster).DependsOn).toEqual(
      expect.arrayContaining(['TriggerPolicy', 'UndeliveredPolicy']),
    )
    for (const policy of ['TriggerPolicy', 'UndeliveredPolicy']) {
      expect(resource(cluster, policy).Properties.Roles).toEqual(['BridgeRecordsIamRoleLambdaExecution.Ref'])
    }
  })
})

describe('the connection to a cluster', () => {
  const sources = (cluster: Cluster) => mappingOf(cluster).Properties.SourceAccessConfigurations

  test('self-managed: its brokers and a secret', () => {
    expect(mappingOf('self-managed with SCRAM-SHA-256').Properties.SelfManagedEventSource).toEqual({
      Endpoints: { KafkaBootstrapServers: ['kafka.example.com:9096'] },
    })
    expect(sources('self-managed with SCRAM-SHA-256')).toEqual([{ Type: 'SASL_SCRAM_256_AUTH', URI: SECRET }])
  })

  test('MSK: its ARN, and the role unless there is a secret', () => {
    expect(mappingOf('msk with IAM').Properties.EventSourceArn).toBe(MSK)
    expect(sources('msk with IAM')).toBeUndefined()
    expect(sources('msk with SCRAM')).toEqual([{ Type: 'SASL_SCRAM_512_AUTH', URI: SECRET }])
  })

  test('packaging fails on an invalid parameter and says what to do', () => {
    expect(refusal).toContain('kafkaCluster is "confluent": set it to msk or self-managed.')
  })
})

describe('the permissions of the trigger', () => {
  const statements = (cluster: Cluster) =>
    resource(cluster, 'TriggerPolicy').Properties.PolicyDocument.Statement

  const describesMsk = allow(['kafka:DescribeClusterV2', 'kafka:GetBootstrapBrokers'], MSK)
  const usesNetwork = allow(
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
  const readsSecret = allow(['secretsmanager:GetSecretValue'], [SECRET])

  test('are one secret, for a cluster on the internet', () => {
    expect(statements('self-managed with SCRAM-SHA-256')).toEqual([readsSecret])
  })

  test('are one topic and one group, for MSK with IAM', () => {
    const arn = (kind: string, rest: string) => `${MSK.replace(':cluster/', `:${kind}/`)}/${rest}`
    expect(statements('msk with IAM')).toEqual([
      describesMsk,
      allow(['kafka-cluster:Connect', 'kafka-cluster:DescribeClusterDynamicConfiguration'], MSK),
      allow(['kafka-cluster:DescribeTopic', 'kafka-cluster:ReadData'], [arn('topic', 'images.web-app-2')]),
      allow(['kafka-cluster:DescribeGroup', 'kafka-cluster:AlterGroup'], arn('group', 'darkroom-dev')),
      usesNetwork,
    ])
  })

  test('are one secret and its key, for MSK with SCRAM', () => {
    expect(statements('msk with SCRAM')).toEqual([
      describesMsk,
      usesNetwork,
      readsSecret,
      allow(['kms:Decrypt'], KEY),
    ])
  })

  test('include writing undelivered records, but nothing else in that bucket', () => {
    const bucket = 'arn:aws:s3:::undelivered-dev-123456789012-us-east-1'
    const { PolicyDocument } = resource('msk with IAM', 'UndeliveredPolicy').Properties
    expect(PolicyDocument.Statement).toEqual([
      allow(['s3:PutObject'], `${bucket}/aws/*`),
      allow(['s3:ListBucket'], bucket),
    ])
  })
})

describe('apart from the function', () => {
  const id = 'self-managed with SCRAM-SHA-256'

  test("a policy lets an app's backend write and read the claims of the app in its role's tag, and nothing else", () => {
    expect(resource(id, 'ClaimWriterPolicy').Properties.PolicyDocument.Statement).toEqual([
      allow(
        ['s3:PutObject', 's3:GetObject'],
        // biome-ignore lint/suspicious/noTemplateCurlyInString: a policy variable of IAM.
        'arn:aws:s3:::darkroom-dev-123456789012-us-east-1/claims/${aws:PrincipalTag/darkroom-app}/*',
      ),
    ])
  })

  test('an alarm reports repeated failures, even if each invocation takes the whole timeout', () => {
    const { Timeout } = lambdaOf(id).Properties
    const alarm = resource(id, 'BridgeRecordsFunctionErrorsAlarm').Properties
    expect(alarm).toMatchObject({ Namespace: 'AWS/Lambda', MetricName: 'Errors', Statistic: 'Sum' })
    expect(alarm.Period).toBeGreaterThanOrEqual(Timeout * (alarm.Threshold + 2))
  })

  test('alarms report records that wait, are deferred or are rejected', () => {
    const { Metrics, ...alarm } = resource(id, 'OffsetLagAlarm').Properties
    expect(alarm).toMatchObject({ Threshold: 500, ComparisonOperator: 'GreaterThanThreshold' })
    expect(Metrics).toEqual([expect.objectContaining({ Period: 60, ReturnData: true })])
    expect(parseMetricsInsights(Metrics[0].Expression)).toEqual({
      statistic: 'MAX',
      metric: 'OffsetLag',
      namespace: 'AWS/Lambda',
      dimensions: { FunctionName: 'BridgeRecordsLambdaFunction.Ref' },
    })
    for (const kind of ['Deferred', 'Rejected']) {
      expect(resource(id, `${kind}RecordsAlarm`).Properties).toMatchObject({
        Namespace: 'Darkroom',
        MetricName: `KafkaRecords${kind}`,
        Dimensions: [
          { Name: 'service', Value: 'kafka-bridge' },
          { Name: 'stage', Value: 'dev' },
        ],
        Statistic: 'Sum',
        Threshold: 0,
        ComparisonOperator: 'GreaterThanThreshold',
      })
    }
  })

  test('an alarm reports a batch that cannot be handled within half an hour', () => {
    const { VisibilityTimeout } = resource(id, 'UndeliveredQueue').Properties
    const alarm = resource(id, 'BridgeUndeliveredFunctionErrorsAlarm').Properties
    expect(alarm).toMatchObject({
      MetricName: 'Errors',
      Statistic: 'Sum',
      EvaluationPeriods: 1,
      Threshold: 1,
    })
    // Two receives are in each period, wherever it begins.
    expect(alarm.Period).toBeGreaterThanOrEqual(2 * VisibilityTimeout)
    expect(alarm.Period).toBeLessThanOrEqual(1800)
    const { Timeout } = resource(id, 'BridgeUndeliveredLambdaFunction').Properties
    expect(VisibilityTimeout).toBeGreaterThan(Timeout)
  })

  test('an alarm reports records that Lambda gave up, until their bucket is empty', () => {
    const { BucketName } = resource(id, 'UndeliveredBucket').Properties
    expect(resource(id, 'UndeliveredRecordsAlarm').Properties).toMatchObject({
      Namespace: 'AWS/S3',
      MetricName: 'NumberOfObjects',
      Dimensions: [
        { Name: 'BucketName', Value: BucketName },
        { Name: 'StorageType', Value: 'AllStorageTypes' },
      ],
      Threshold: 0,
      ComparisonOperator: 'GreaterThanThreshold',
    })
  })
})
