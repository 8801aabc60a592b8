import { configurationFile } from '@darkroom/app-configuration/testing'
import { afterEach, describe, expect, test } from '@jest/globals'
import { kafkaTrigger } from './kafka-trigger.ts'

const CREDENTIALS = 'arn:aws:secretsmanager:us-east-1:123456789012:secret:kafka-AbCdEf'
const AUTHORITY = 'arn:aws:secretsmanager:us-east-1:123456789012:secret:ca-AbCdEf'
const KEY = 'arn:aws:kms:us-east-1:123456789012:key/8f6c'
const CLUSTER = 'arn:aws:kafka:us-east-1:123456789012:cluster/photos/5e8a-3'

/** serverless.yml's defaults. */
const DEFAULTS = {
  kafkaEnabled: false,
  kafkaCluster: 'self-managed',
  kafkaAuth: 'scram-512',
  kafkaBootstrapServers: ['kafka.example.com:9096'],
  mskClusterArn: CLUSTER,
  kafkaCredentialsSecretArn: CREDENTIALS,
  kafkaCaSecretArn: '',
  kafkaKmsKeyArn: '',
  kafkaSubnets: [],
  kafkaSecurityGroups: [],
  kafkaMinimumPollers: 1,
  kafkaMaximumPollers: 4,
  kafkaMaximumRetryAttempts: 10_000,
  kafkaMaximumRecordAgeSeconds: 604_800,
}

function triggerOf(params: object, stage = 'dev') {
  const values: Record<string, unknown> = { ...DEFAULTS, ...params }
  return kafkaTrigger(async (address) => (address === 'sls:stage' ? stage : values[address.slice(6)]))
}

const MSK = { kafkaCluster: 'msk' }
const VPC = { kafkaSubnets: ['subnet-0a1b'], kafkaSecurityGroups: ['sg-0a1b'] }

describe('the event', () => {
  const shared = {
    enabled: false,
    topic: 'images.web-app-2',
    batchSize: 50,
    startingPosition: 'TRIM_HORIZON',
    consumerGroupId: 'darkroom-dev',
  }
  const kafka = (accessConfigurations: object) => ({
    kafka: { ...shared, bootstrapServers: ['kafka.example.com:9096'], accessConfigurations },
  })

  test.each<[string, object, object]>([
    ['self-managed with SCRAM-SHA-512', {}, kafka({ saslScram512Auth: [CREDENTIALS] })],
    [
      'self-managed with SCRAM-SHA-256',
      { kafkaAuth: 'scram-256' },
      kafka({ saslScram256Auth: [CREDENTIALS] }),
    ],
    [
      'self-managed with a private authority',
      { kafkaCaSecretArn: AUTHORITY },
      kafka({ saslScram512Auth: [CREDENTIALS], serverRootCaCertificate: [AUTHORITY] }),
    ],
    [
      'self-managed in a VPC',
      VPC,
      kafka({ saslScram512Auth: [CREDENTIALS], vpcSubnet: ['subnet-0a1b'], vpcSecurityGroup: ['sg-0a1b'] }),
    ],
    ['MSK with IAM', { ...MSK, kafkaAuth: 'iam' }, { msk: { ...shared, arn: CLUSTER } }],
    ['MSK with SCRAM', MSK, { msk: { ...shared, arn: CLUSTER, saslScram512: CREDENTIALS } }],
  ])('of a cluster that is %s', async (_, params, event) => {
    expect((await triggerOf(params)).events).toEqual([event])
  })

  test('accepts strings from the command line, with commas in lists', async () => {
    const brokers = { kafkaBootstrapServers: 'a:9096, b:9096' }
    const { events, extensions } = await triggerOf({
      ...brokers,
      ...{ kafkaEnabled: 'true', kafkaMaximumPollers: '9', kafkaSubnets: 'subnet-1,subnet-2' },
      kafkaSecurityGroups: 'sg-1',
    })
    expect(events).toMatchObject([
      {
        kafka: {
          enabled: true,
          bootstrapServers: ['a:9096', 'b:9096'],
          accessConfigurations: { vpcSubnet: ['subnet-1', 'subnet-2'], vpcSecurityGroup: ['sg-1'] },
        },
      },
    ])
    expect(Object.values(extensions)).toMatchObject([
      { Properties: { ProvisionedPollerConfig: { MinimumPollers: 1, MaximumPollers: 9 } } },
    ])
  })

  test('accepts CloudFormation functions for secrets', async () => {
    const secret = { 'Fn::ImportValue': 'kafka-credentials' }
    const { events, statements } = await triggerOf({ kafkaCredentialsSecretArn: secret })
    expect(events).toMatchObject([{ kafka: { accessConfigurations: { saslScram512Auth: [secret] } } }])
    expect(statements).toMatchObject([{ Resource: [secret] }])
  })
})

describe('several apps with topics', () => {
  const appsWith = (...topics: string[]) => {
    const apps = topics.map((topic, n) => [`app-${n}`, { topics: [topic] }])
    process.env.APPS_FILE = configurationFile({ apps: Object.fromEntries([['page', {}], ...apps]) })
  }
  afterEach(() => {
    delete process.env.APPS_FILE
  })

  test('have a trigger for each topic', async () => {
    appsWith('one', 'two.images')
    const { events, extensions, statements } = await triggerOf({ ...MSK, kafkaAuth: 'iam' })
    expect(events).toMatchObject([{ msk: { topic: 'one' } }, { msk: { topic: 'two.images' } }])
    expect(Object.keys(extensions)).toEqual([
      'BridgeRecordsEventSourceMappingMSKPhotosOne',
      'BridgeRecordsEventSourceMappingMSKPhotosTwoimages',
    ])
    expect(statements).toContainEqual(
      expect.objectContaining({
        Resource: ['one', 'two.images'].map((topic) => `${CLUSTER.replace(':cluster/', ':topic/')}/${topic}`),
      }),
    )
  })

  test.each([
    [[], 'No app has a Kafka topic'],
    [['a.b', 'a_b'], 'The Kafka topics a.b and a_b differ only in punctuation or case'],
    [Array.from({ length: 401 }, (_, n) => `topic-${n}`), 'The apps have 401 Kafka topics'],
  ])('are refused if the stack cannot have their triggers', async (topics, words) => {
    appsWith(...topics)
    await expect(triggerOf({})).rejects.toThrow(words)
  })
})

describe('the mapping', () => {
  test.each([
    [{}, 'BridgeRecordsEventSourceMappingKafkaImageswebapp2'],
    [MSK, 'BridgeRecordsEventSourceMappingMSKPhotosImageswebapp2'],
  ])('of %j has the framework’s logical id', async (params, id) => {
    expect(Object.keys((await triggerOf(params)).extensions)).toEqual([id])
  })

  test.each(['dev', 'local'])('keeps undelivered batches on the stage %s', async (stage) => {
    const { extensions } = await triggerOf({}, stage)
    expect(Object.values(extensions)[0]).toHaveProperty('Properties.DestinationConfig.OnFailure.Destination')
  })
})

describe('the role', () => {
  const actionsOf = async (params: object) =>
    (await triggerOf({ ...params })).statements.map(({ Action: [first], Resource }) => [first, Resource])
  const network = ['ec2:CreateNetworkInterface', '*']
  const readsSecrets = (...secrets: string[]) => ['secretsmanager:GetSecretValue', secrets]
  const describesMsk = ['kafka:DescribeClusterV2', CLUSTER]
  const of = (kind: string, name: string) => `${CLUSTER.replace(':cluster/', `:${kind}/`)}/${name}`

  test.each<[string, object, unknown[]]>([
    ['self-managed on the internet', {}, [readsSecrets(CREDENTIALS)]],
    ['self-managed in a VPC', VPC, [network, readsSecrets(CREDENTIALS)]],
    [
      'self-managed with a private authority',
      { kafkaCaSecretArn: AUTHORITY },
      [readsSecrets(CREDENTIALS, AUTHORITY)],
    ],
    ['with a key of its own', { kafkaKmsKeyArn: KEY }, [readsSecrets(CREDENTIALS), ['kms:Decrypt', KEY]]],
    ['MSK with SCRAM', MSK, [describesMsk, network, readsSecrets(CREDENTIALS)]],
    [
      'MSK with IAM',
      { ...MSK, kafkaAuth: 'iam' },
      [
        describesMsk,
        ['kafka-cluster:Connect', CLUSTER],
        ['kafka-cluster:DescribeTopic', [of('topic', 'images.web-app-2')]],
        ['kafka-cluster:DescribeGroup', of('group', 'darkroom-dev')],
        network,
      ],
    ],
  ])('for a cluster that is %s may do only what it needs', async (_, params, expected) => {
    expect(await actionsOf(params)).toEqual(expected)
  })
})

test.each<[Record<string, unknown>, string]>([
  [{ kafkaCluster: 'confluent' }, 'kafkaCluster is "confluent": set it to msk or self-managed.'],
  [{ kafkaCluster: undefined }, 'kafkaCluster is undefined: set it to msk or self-managed.'],
  [{ kafkaAuth: 'iam' }, 'kafkaAuth is "iam": set it to scram-256 or scram-512.'],
  [{ ...MSK, kafkaAuth: 'scram-256' }, 'kafkaAuth is "scram-256": set it to iam or scram-512.'],
  [{ ...MSK, mskClusterArn: 'photos' }, 'mskClusterArn is "photos": set it to the ARN of the cluster.'],
  [{ ...MSK, kafkaCredentialsSecretArn: '' }, 'kafkaCredentialsSecretArn is "": set it to an ARN.'],
  [{ kafkaCredentialsSecretArn: 'kafka' }, 'kafkaCredentialsSecretArn is "kafka": set it to an ARN.'],
  [{ kafkaCaSecretArn: 'ca' }, 'kafkaCaSecretArn is "ca": set it to an ARN, or leave it empty.'],
  [{ kafkaKmsKeyArn: 'key' }, 'kafkaKmsKeyArn is "key": set it to an ARN, or leave it empty.'],
  [{ kafkaBootstrapServers: [] }, 'kafkaBootstrapServers is []: name at least one.'],
  [{ kafkaBootstrapServers: 9096 }, 'kafkaBootstrapServers is 9096: set it to a list.'],
  [{ kafkaSubnets: ['subnet-1'] }, 'kafkaSecurityGroups is []: name at least one.'],
  [{ kafkaSecurityGroups: ['sg-1'] }, 'kafkaSubnets is []: name at least one.'],
  [{ kafkaEnabled: 'perhaps' }, 'kafkaEnabled is "perhaps": set it to true or false.'],
  [{ kafkaMinimumPollers: 0 }, 'kafkaMinimumPollers is 0: set it to 1 or more.'],
  [{ kafkaMaximumPollers: 'many' }, 'kafkaMaximumPollers is "many": set it to a number.'],
  [{ kafkaMaximumRetryAttempts: 10_001 }, 'kafkaMaximumRetryAttempts is 10001: set it to 10000 or less.'],
  [{ kafkaMaximumRecordAgeSeconds: 1.5 }, 'kafkaMaximumRecordAgeSeconds is 1.5: set it to a whole number.'],
])('%j is refused with a sentence', async (params, sentence) => {
  await expect(triggerOf(params)).rejects.toThrow(sentence)
})
