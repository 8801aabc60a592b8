/**
 * What differs between an MSK cluster and one of one's own, made from the stage's parameters: the function's event, the
 * settings of its mapping that the framework has no word for, and what the role needs to poll.
 * https://docs.aws.amazon.com/lambda/latest/dg/with-kafka.html
 */
module.exports = async ({ resolveVariable }) => {
  const param = (name) => resolveVariable(`param:${name}`)
  const cluster = await clusterOf(param)
  const stage = await resolveVariable('sls:stage')
  const topic = await param('topic')
  const consumerGroupId = `darkroom-${stage}`
  const event = {
    enabled: await param('kafkaEnabled'),
    topic,
    batchSize: 50,
    startingPosition: 'TRIM_HORIZON',
    consumerGroupId,
  }
  return {
    events: [cluster.event(event)],
    extensions: {
      [cluster.logicalId(topic)]: {
        // Lambda looks at once whether the role may do all this.
        DependsOn: ['TriggerPolicy', 'UndeliveredPolicy'],
        Properties: await mappingProperties(param, stage),
      },
    },
    statements: [
      ...cluster.statements(topic, consumerGroupId),
      ...(cluster.isInVpc ? [networkStatement] : []),
      ...secretStatements(cluster.secrets, await param('kafkaKmsKeyArn')),
    ],
  }
}

async function clusterOf(param) {
  const kind = await param('kafkaCluster')
  if (kind === 'msk') return mskCluster(await param('mskClusterArn'), await param('kafkaAuth'), param)
  if (kind === 'self-managed') return selfManagedCluster(param)
  throw new Error(`kafkaCluster is "${kind}": set it to msk or self-managed.`)
}

async function mskCluster(arn, auth, param) {
  requireOneOf('kafkaAuth', auth, ['iam', 'scram-512'])
  const secret = auth === 'iam' ? undefined : await param('kafkaCredentialsSecretArn')
  const name = alphanumeric(arn.split('/')[1])
  return {
    event: (event) => ({ msk: { ...event, arn, ...(secret && { saslScram512: secret }) } }),
    logicalId: (topic) => `BridgeRecordsEventSourceMappingMSK${name}${alphanumeric(topic)}`,
    // Lambda polls out of the cluster's own subnets.
    isInVpc: true,
    secrets: secret ? [secret] : [],
    statements: (topic, group) => [
      allow(['kafka:DescribeClusterV2', 'kafka:GetBootstrapBrokers'], arn),
      ...(secret ? [] : mayReadByIam(arn, topic, group)),
    ],
  }
}

/** https://docs.aws.amazon.com/msk/latest/developerguide/iam-access-control.html */
function mayReadByIam(arn, topic, group) {
  const topicArn = `${arn.replace(':cluster/', ':topic/')}/${topic}`
  const groupArn = `${arn.replace(':cluster/', ':group/')}/${group}`
  return [
    allow(['kafka-cluster:Connect', 'kafka-cluster:DescribeClusterDynamicConfiguration'], arn),
    allow(['kafka-cluster:DescribeTopic', 'kafka-cluster:ReadData'], topicArn),
    allow(['kafka-cluster:DescribeGroup', 'kafka-cluster:AlterGroup'], groupArn),
  ]
}

async function selfManagedCluster(param) {
  const auth = await param('kafkaAuth')
  const type = { 'scram-256': 'saslScram256Auth', 'scram-512': 'saslScram512Auth' }[auth]
  requireOneOf('kafkaAuth', auth, ['scram-256', 'scram-512'])
  const credentials = await param('kafkaCredentialsSecretArn')
  const authority = await param('kafkaCaSecretArn')
  const bootstrapServers = await param('kafkaBootstrapServers')
  const subnets = await param('kafkaSubnets')
  const securityGroups = await param('kafkaSecurityGroups')
  const accessConfigurations = {
    [type]: [credentials],
    ...(authority && { serverRootCaCertificate: [authority] }),
    ...(subnets.length > 0 && { vpcSubnet: subnets, vpcSecurityGroup: securityGroups }),
  }
  return {
    event: (event) => ({ kafka: { ...event, bootstrapServers, accessConfigurations } }),
    logicalId: (topic) => `BridgeRecordsEventSourceMappingKafka${alphanumeric(topic)}`,
    isInVpc: subnets.length > 0,
    secrets: [credentials, authority].filter(Boolean),
    statements: () => [],
  }
}

async function mappingProperties(param, stage) {
  return {
    // None: a person waits for the answer. Under load batches fill by themselves while the one before them runs.
    MaximumBatchingWindowInSeconds: 0,
    FunctionResponseTypes: ['ReportBatchItemFailures'],
    // For Kafka, AWS has such answers, and the limits below, in provisioned mode only.
    ProvisionedPollerConfig: {
      MinimumPollers: await param('kafkaMinimumPollers'),
      MaximumPollers: await param('kafkaMaximumPollers'),
    },
    BisectBatchOnFunctionError: true,
    // The most there are, as an outage of S3 or SQS is no reason to give a record up. Without a number, Lambda gives up
    // early once there is a destination.
    MaximumRetryAttempts: await param('kafkaMaximumRetryAttempts'),
    MaximumRecordAgeInSeconds: await param('kafkaMaximumRecordAgeSeconds'),
    MetricsConfig: { Metrics: ['EventCount', 'ErrorCount', 'KafkaMetrics'] },
    // There is no such bucket on one machine, where nothing is given up.
    ...(stage !== 'local' && {
      DestinationConfig: { OnFailure: { Destination: { 'Fn::GetAtt': ['UndeliveredBucket', 'Arn'] } } },
    }),
  }
}

/** Lambda's pollers reach into a VPC with interfaces of their own; EC2 knows no narrower resource for most of these. */
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

function secretStatements(secrets, keyArn) {
  return [
    ...(secrets.length > 0 ? [allow(['secretsmanager:GetSecretValue'], secrets)] : []),
    ...(keyArn ? [allow(['kms:Decrypt'], keyArn)] : []),
  ]
}

function allow(Action, Resource) {
  return { Effect: 'Allow', Action, Resource }
}

/** As the framework writes names into logical ids. */
function alphanumeric(name) {
  const rest = name.replaceAll(/[^0-9A-Za-z]/g, '')
  return rest.charAt(0).toUpperCase() + rest.slice(1)
}

function requireOneOf(name, value, allowed) {
  if (!allowed.includes(value)) throw new Error(`${name} is "${value}": set it to ${allowed.join(' or ')}.`)
}
