// biome-ignore-all lint/suspicious/noTemplateCurlyInString: CloudFormation's own syntax
import { describe, expect, test } from '@jest/globals'
import { openEventSources } from './open-event-sources.ts'
import type { Serverless } from './serverless.ts'
import { createResolve, readTemplate } from './template.ts'
import { recordLog } from './testing/record-log.ts'

const template = readTemplate({
  Resources: {
    Inbox: { Type: 'AWS::SQS::Queue', Properties: { QueueName: { 'Fn::Sub': 'inbox-${AWS::Region}' } } },
    Nameless: { Type: 'AWS::SQS::Queue' },
  },
})

function open(...events: Record<string, unknown>[]) {
  const { log, lines } = recordLog()
  const service = {
    provider: { region: 'eu-west-1' },
    getAllFunctions: () => ['work'],
    getFunction: () => ({ name: 'work', events }),
  } as unknown as Serverless['service']
  const sources = openEventSources(service, {
    region: 'eu-west-1',
    maximumConcurrency: 5,
    resolve: createResolve(template, { region: 'eu-west-1', stackName: 'svc-local' }),
    extensions: {},
    log,
    invoke: async () => undefined,
  })
  return { labels: sources.map(({ label }) => label), lines }
}

const sqs = (definition: object) => ({ sqs: { arn: 'arn:aws:sqs:eu-west-1:1:q', ...definition } })

describe('the queue', () => {
  test.each([
    ['arn:aws:sqs:eu-west-1:123456789012:literal', 'literal'],
    [{ 'Fn::GetAtt': ['Inbox', 'Arn'] }, 'inbox-eu-west-1'],
    [
      { 'Fn::Join': [':', ['arn:aws:sqs', { Ref: 'AWS::Region' }, { Ref: 'AWS::AccountId' }, 'joined']] },
      'joined',
    ],
    [
      { 'Fn::Sub': 'arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:${AWS::StackName}-q' },
      'svc-local-q',
    ],
  ])('%j', (arn, queueName) => {
    expect(open({ sqs: { arn } }).labels[0]).toMatch(new RegExp(`^${queueName} → work`))
  })

  test('a plain ARN uses the defaults', () => {
    expect(open({ sqs: 'arn:aws:sqs:eu-west-1:1:q' }).labels).toEqual([
      'q → work (up to 10 messages, 5 batches at once)',
    ])
  })

  test.each([
    [{ 'Fn::ImportValue': 'other' }, /Fn::ImportValue/],
    [{ 'Fn::GetAtt': ['Missing', 'Arn'] }, /no resource Missing/],
    [{ 'Fn::GetAtt': ['Nameless', 'Arn'] }, /Nameless needs a QueueName/],
  ])('cannot be resolved: %j', (arn, message) => {
    expect(() => open({ sqs: { arn } })).toThrow(message)
  })
})

describe('the settings', () => {
  test('are read', () => {
    const definition = { batchSize: 500, maximumBatchingWindow: 2, maximumConcurrency: 3 }
    expect(open(sqs(definition)).labels).toEqual([
      'q → work (up to 500 messages within 2 s, 3 batches at once)',
    ])
  })

  test('maximumConcurrency is not more than the machine is to run', () => {
    expect(open(sqs({ maximumConcurrency: 50 })).labels).toEqual([
      'q → work (up to 10 messages, 5 batches at once)',
    ])
  })

  test.each([
    [{ batchSize: 0 }, /batchSize/],
    [{ batchSize: 10_001, maximumBatchingWindow: 1 }, /batchSize/],
    [{ batchSize: 11 }, /more than 10 needs a maximumBatchingWindow/],
    [{ maximumBatchingWindow: 301 }, /maximumBatchingWindow/],
    [{ functionResponseType: 'Report' }, /functionResponseType/],
    [{ arn: undefined }, /arn is missing/],
  ])('are rejected as AWS would: %j', (definition, message) => {
    expect(() => open(sqs(definition))).toThrow(message)
  })

  test('enabled: false opens no source', () => {
    expect(open(sqs({ enabled: false })).labels).toEqual([])
  })

  test('filterPatterns log a warning', () => {
    const { labels, lines } = open(sqs({ filterPatterns: [{ body: {} }] }))
    expect(labels).toHaveLength(1)
    expect(lines).toMatchObject([{ level: 'warning', text: expect.stringContaining('filterPatterns') }])
  })
})

test('other kinds of event are ignored', () => {
  expect(open({ httpApi: '*' }, { schedule: 'rate(1 hour)' }, { constructor: {} }).labels).toEqual([])
})
