// biome-ignore-all lint/suspicious/noTemplateCurlyInString: CloudFormation's own syntax
import { describe, expect, test } from '@jest/globals'
import { createResolve, meetsCondition, readTemplate } from './template.ts'

const template = readTemplate({
  Parameters: { Stage: { Default: 'local' }, Secret: {} },
  Conditions: {
    IsLocal: { 'Fn::Equals': [{ Ref: 'Stage' }, 'local'] },
    IsDeployed: { 'Fn::Not': [{ Condition: 'IsLocal' }] },
    Both: { 'Fn::And': [{ Condition: 'IsLocal' }, { Condition: 'IsDeployed' }] },
    Either: { 'Fn::Or': [{ Condition: 'IsLocal' }, { Condition: 'IsDeployed' }] },
    NeedsAws: { 'Fn::Equals': [{ 'Fn::ImportValue': 'x' }, 'y'] },
  },
  Resources: {
    Dead: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'dead' } },
    Images: { Type: 'AWS::S3::Bucket', Properties: { BucketName: { 'Fn::Sub': 'images-${Stage}' } } },
    Events: { Type: 'AWS::SNS::Topic', Properties: { TopicName: 'events' } },
    Table: { Type: 'AWS::DynamoDB::Table' },
  },
})
const resolve = createResolve(template, { region: 'eu-west-1', stackName: 'svc-local' })

describe('a value', () => {
  test.each([
    ['literal', 'literal'],
    [{ Ref: 'AWS::Region' }, 'eu-west-1'],
    [{ Ref: 'Stage' }, 'local'],
    [{ Ref: 'Images' }, 'images-local'],
    [{ 'Fn::GetAtt': ['Dead', 'Arn'] }, 'arn:aws:sqs:eu-west-1:000000000000:dead'],
    [{ Ref: 'Events' }, 'arn:aws:sns:eu-west-1:000000000000:events'],
    [{ 'Fn::GetAtt': ['Events', 'TopicArn'] }, 'arn:aws:sns:eu-west-1:000000000000:events'],
    [{ 'Fn::GetAtt': ['Events', 'TopicName'] }, 'events'],
    [{ 'Fn::GetAtt': 'Dead.QueueName' }, 'dead'],
    [{ 'Fn::GetAtt': ['Images', 'Arn'] }, 'arn:aws:s3:::images-local'],
    [{ 'Fn::Sub': ['${a}-${Dead.QueueName}-${!kept}', { a: { Ref: 'Stage' } }] }, 'local-dead-${kept}'],
    [{ 'Fn::Join': ['-', ['a', { Ref: 'Stage' }]] }, 'a-local'],
    [{ 'Fn::If': ['IsLocal', 1, 2] }, 1],
    [
      { maxReceiveCount: 5, arn: [{ Ref: 'Stage' }] },
      { maxReceiveCount: 5, arn: ['local'] },
    ],
  ])('%j', (value, expected) => {
    expect(resolve(value)).toEqual(expected)
  })

  test.each([
    [{ Ref: 'Secret' }, /no resource Secret/],
    [{ 'Fn::GetAtt': ['Table', 'Arn'] }, /Table is an AWS::DynamoDB::Table/],
    [{ 'Fn::ImportValue': 'x' }, /Fn::ImportValue cannot/],
  ])('that only AWS can resolve: %j', (value, message) => {
    expect(() => resolve(value)).toThrow(message)
  })
})

describe('a condition', () => {
  test.each([
    ['IsLocal', true],
    ['IsDeployed', false],
    ['Both', false],
    ['Either', true],
  ])('%s is %s', (name, expected) => {
    expect(meetsCondition(name, template, resolve)).toBe(expected)
  })

  test.each(['NeedsAws', 'Unknown'])('%s cannot be evaluated', (name) => {
    expect(() => meetsCondition(name, template, resolve)).toThrow(/cannot be (evaluated|resolved) locally/)
  })
})
