import type { MskSettings, Reference, SelfManagedSettings } from './trigger-settings.ts'

/** A statement of an IAM policy. */
export interface Statement {
  Effect: 'Allow'
  Action: string[]
  Resource: Reference | Reference[]
}

/** The parts that differ between an MSK cluster and a self-managed one. */
export interface KafkaCluster {
  /** The function's event for a topic, from the settings that both kinds share. */
  event(topic: string, shared: object): object
  /** The logical id that the framework gives a topic's event source mapping. */
  logicalId(topic: string): string
  /** Whether Lambda's pollers connect from inside a VPC. */
  isInVpc: boolean
  secrets: Reference[]
  statements: Statement[]
}

export function mskCluster(settings: MskSettings, topics: string[], group: string): KafkaCluster {
  const { mskClusterArn: arn } = settings
  const secret = settings.kafkaAuth === 'iam' ? undefined : settings.kafkaCredentialsSecretArn
  const name = alphanumeric(arn.split('/')[1] ?? '')
  return {
    event: (topic, shared) => ({ msk: { ...shared, topic, arn, ...(secret && { saslScram512: secret }) } }),
    logicalId: (topic) => `BridgeRecordsEventSourceMappingMSK${name}${alphanumeric(topic)}`,
    // Lambda polls from the cluster's own subnets.
    isInVpc: true,
    secrets: secret ? [secret] : [],
    statements: [
      allow(['kafka:DescribeClusterV2', 'kafka:GetBootstrapBrokers'], arn),
      ...(secret ? [] : readByIam(arn, topics, group)),
    ],
  }
}

/** https://docs.aws.amazon.com/msk/latest/developerguide/iam-access-control.html */
function readByIam(arn: string, topics: string[], group: string): Statement[] {
  const topicArns = topics.map((topic) => `${arn.replace(':cluster/', ':topic/')}/${topic}`)
  const groupArn = `${arn.replace(':cluster/', ':group/')}/${group}`
  return [
    allow(['kafka-cluster:Connect', 'kafka-cluster:DescribeClusterDynamicConfiguration'], arn),
    allow(['kafka-cluster:DescribeTopic', 'kafka-cluster:ReadData'], topicArns),
    allow(['kafka-cluster:DescribeGroup', 'kafka-cluster:AlterGroup'], groupArn),
  ]
}

const SCRAM = { 'scram-256': 'saslScram256Auth', 'scram-512': 'saslScram512Auth' } as const

export function selfManagedCluster(settings: SelfManagedSettings): KafkaCluster {
  const { kafkaCredentialsSecretArn: credentials, kafkaCaSecretArn: authority } = settings
  const { kafkaSubnets: vpcSubnet, kafkaSecurityGroups: vpcSecurityGroup } = settings
  const isInVpc = vpcSubnet.length > 0
  const accessConfigurations = {
    [SCRAM[settings.kafkaAuth]]: [credentials],
    ...(authority && { serverRootCaCertificate: [authority] }),
    ...(isInVpc && { vpcSubnet, vpcSecurityGroup }),
  }
  return {
    event: (topic, shared) => ({
      kafka: { ...shared, topic, bootstrapServers: settings.kafkaBootstrapServers, accessConfigurations },
    }),
    logicalId: (topic) => `BridgeRecordsEventSourceMappingKafka${alphanumeric(topic)}`,
    isInVpc,
    secrets: authority ? [credentials, authority] : [credentials],
    statements: [],
  }
}

export function allow(Action: string[], Resource: Statement['Resource']): Statement {
  return { Effect: 'Allow', Action, Resource }
}

/** As the framework writes names in logical ids. */
function alphanumeric(name: string): string {
  const rest = name.replaceAll(/[^0-9A-Za-z]/g, '')
  return rest.charAt(0).toUpperCase() + rest.slice(1)
}
