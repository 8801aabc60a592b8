import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { SourceContext } from '../event-source.ts'
import { createResolve, readTemplate } from '../template.ts'
import { recordLog } from '../testing/record-log.ts'
import { openKafkaSource, openMskSource } from './open-kafka-source.ts'

const template = readTemplate({
  Resources: { Failures: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'failures' } } },
})

function contextWith(extensions: SourceContext['extensions'] = {}) {
  const { log, lines } = recordLog()
  const context: SourceContext = {
    functionKey: 'bridge-records',
    functionName: 'svc-local-bridge-records',
    functionTimeoutSeconds: 6,
    region: 'eu-west-1',
    maximumConcurrency: 5,
    resolve: createResolve(template, { region: 'eu-west-1', stackName: 'svc-local' }),
    extensions,
    log,
    invoke: async () => undefined,
  }
  return { context, lines }
}

const kafka = {
  bootstrapServers: ['kafka.example.com:9096'],
  topic: 'images.web-app-2',
  accessConfigurations: { saslScram512Auth: ['arn:aws:secretsmanager:eu-west-1:1:secret:a'] },
}
const logicalId = 'BridgeDashrecordsEventSourceMappingKafkaImageswebapp2'
const extend = (Properties: Record<string, unknown>) => contextWith({ [logicalId]: { Properties } })

describe('a kafka event', () => {
  test('with Lambda’s defaults', () => {
    const { context, lines } = contextWith()
    expect(openKafkaSource({ ...kafka, maximumBatchingWindow: 0 }, context)?.label).toBe(
      'images.web-app-2 → bridge-records (up to 100 records within 0.5 s, as svc-local-bridge-records)',
    )
    expect(lines).toEqual([])
  })

  test('with its own settings', () => {
    const event = { ...kafka, batchSize: 50, maximumBatchingWindow: 2, consumerGroupId: 'darkroom' }
    expect(openKafkaSource(event, contextWith().context)?.label).toMatch(
      /up to 50 records within 2 s, as darkroom/,
    )
  })

  test('enabled: false opens no source', () => {
    expect(openKafkaSource({ ...kafka, enabled: false }, contextWith().context)).toBeUndefined()
  })

  test.each([
    [{ topic: undefined }, /topic/],
    [{ bootstrapServers: [] }, /bootstrapServers/],
    [{ batchSize: 10_001 }, /batchSize/],
    [{ startingPosition: 'AT_TIMESTAMP' }, /startingPositionTimestamp/],
  ])('is rejected as AWS would: %j', (settings, message) => {
    expect(() => openKafkaSource({ ...kafka, ...settings }, contextWith().context)).toThrow(message)
  })
})

describe('resources.extensions for the mapping', () => {
  test('are applied', () => {
    const { context, lines } = extend({
      BatchSize: 7,
      MaximumRetryAttempts: 3,
      MaximumRecordAgeInSeconds: 3600,
      BisectBatchOnFunctionError: true,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      DestinationConfig: { OnFailure: { Destination: { 'Fn::GetAtt': ['Failures', 'Arn'] } } },
      ProvisionedPollerConfig: { MinimumPollers: 1 },
    })
    expect(openKafkaSource(kafka, context)?.label).toMatch(/up to 7 records/)
    expect(lines).toEqual([])
  })

  test('can set a batching window of 0, which the framework cannot express', () => {
    const none = extend({ MaximumBatchingWindowInSeconds: 0 })
    expect(openKafkaSource(kafka, none.context)?.label).toMatch(/within 0 s/)
    const left = openKafkaSource({ ...kafka, maximumBatchingWindow: 0 }, contextWith().context)
    expect(left?.label).toMatch(/within 0.5 s/)
  })

  test('log a warning if a property is not supported', () => {
    const { context, lines } = extend({ FilterCriteria: {}, TumblingWindowInSeconds: 1 })
    openKafkaSource(kafka, context)
    expect(lines).toMatchObject([
      { level: 'warning', text: expect.stringContaining('FilterCriteria, TumblingWindowInSeconds') },
    ])
  })

  test('are rejected if they are invalid', () => {
    const { context } = extend({ MaximumRetryAttempts: 'many' })
    expect(() => openKafkaSource(kafka, context)).toThrow(/MaximumRetryAttempts/)
  })

  test('a destination other than a queue or a bucket logs a warning', () => {
    const { context, lines } = contextWith()
    openKafkaSource({ ...kafka, onFailureDestination: 'arn:aws:sns:eu-west-1:1:failures' }, context)
    expect(lines).toMatchObject([
      { level: 'warning', text: expect.stringContaining('neither an SQS queue nor an S3 bucket') },
    ])
  })
})

describe('an msk event', () => {
  beforeEach(() => {
    process.env.KAFKA_BROKERS = '127.0.0.1:9092'
  })
  afterEach(() => {
    delete process.env.KAFKA_BROKERS
  })

  const msk = { arn: 'arn:aws:kafka:eu-west-1:1:cluster/main/uuid', topic: 'images' }

  test('uses the extensions of its own mapping', () => {
    const { context } = contextWith({
      BridgeDashrecordsEventSourceMappingMSKMainImages: { Properties: { BatchSize: 9 } },
    })
    expect(openMskSource(msk, context)?.label).toMatch(/^images → bridge-records \(up to 9 records/)
  })

  test('works with an ARN that only AWS can resolve', () => {
    const source = openMskSource({ ...msk, arn: { 'Fn::ImportValue': 'main' } }, contextWith().context)
    expect(source?.label).toMatch(/^images/)
  })

  test('needs KAFKA_BROKERS', () => {
    delete process.env.KAFKA_BROKERS
    expect(() => openMskSource(msk, contextWith().context)).toThrow(/KAFKA_BROKERS/)
  })
})
