import {
  CreateTopicCommand,
  PublishBatchCommand,
  PublishCommand,
  type PublishCommandInput,
  SubscribeCommand,
} from '@aws-sdk/client-sns'
import { ReceiveMessageCommand } from '@aws-sdk/client-sqs'
import { type AwsClients, type ConformanceCase, openQueue, refusal } from './conformance-case.ts'

/** A topic with one queue that subscribes to it. */
async function topicAndQueue(aws: AwsClients, Attributes: Record<string, string>) {
  const name = aws.newName()
  const { TopicArn } = await aws.sns.send(new CreateTopicCommand({ Name: name }))
  const { QueueUrl, QueueArn } = await openQueue(aws, name)
  await aws.sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint: QueueArn, Attributes }))
  return { TopicArn, QueueUrl }
}

interface Published extends Partial<PublishCommandInput> {
  Message: string
}

/** The messages of the queue after all were published. */
async function publish(aws: AwsClients, attributes: Record<string, string>, ...messages: Published[]) {
  const { TopicArn, QueueUrl } = await topicAndQueue(aws, attributes)
  for (const message of messages) await aws.sns.send(new PublishCommand({ TopicArn, ...message }))
  const { Messages = [] } = await aws.sqs.send(
    new ReceiveMessageCommand({
      QueueUrl,
      MaxNumberOfMessages: 10,
      WaitTimeSeconds: 5,
      MessageAttributeNames: ['All'],
      MessageSystemAttributeNames: ['All'],
    }),
  )
  return Messages
}

const RawMessageDelivery = 'true'
const typed = (type: string) => ({ type: { DataType: 'String', StringValue: type } })
const part = 'SNS'

export const snsCases: ConformanceCase[] = [
  {
    part,
    name: 'a queue gets the message in an envelope',
    async call(aws) {
      const [message] = await publish(aws, {}, { Message: 'hello', Subject: 'greeting' })
      const { Type, Message, Subject } = JSON.parse(message?.Body ?? '{}')
      return { Type, Message, Subject }
    },
    answer: { Type: 'Notification', Message: 'hello', Subject: 'greeting' },
  },
  {
    part,
    name: 'with raw delivery a queue gets the message and its attributes as they are',
    async call(aws) {
      const attributes = { RawMessageDelivery }
      const [message] = await publish(aws, attributes, { Message: 'hello', MessageAttributes: typed('a') })
      return [message?.Body, message?.MessageAttributes?.type?.StringValue]
    },
    answer: ['hello', 'a'],
  },
  {
    part,
    name: 'a filter policy selects by attribute, equal or by prefix',
    async call(aws) {
      const FilterPolicy = JSON.stringify({ type: ['exact', { prefix: 'image.' }] })
      const messages = ['exact', 'image.processed.v1', 'other'].map((type) => ({
        Message: type,
        MessageAttributes: typed(type),
      }))
      const got = await publish(aws, { RawMessageDelivery, FilterPolicy }, ...messages, { Message: 'none' })
      return got.map(({ Body }) => Body).toSorted()
    },
    answer: ['exact', 'image.processed.v1'],
  },
  {
    part,
    name: 'a filter policy selects by the body',
    async call(aws) {
      const FilterPolicy = JSON.stringify({ app: ['web-app-1'], image: { bytes: [{ numeric: ['>', 10] }] } })
      const messages = [
        { app: 'web-app-1', image: { bytes: 11 } },
        { app: 'web-app-1', image: { bytes: 10 } },
        { app: 'web-app-2', image: { bytes: 11 } },
      ].map((body) => ({ Message: JSON.stringify(body) }))
      const policy = { FilterPolicy, FilterPolicyScope: 'MessageBody' }
      const got = await publish(aws, { RawMessageDelivery, ...policy }, ...messages)
      return got.map(({ Body = '' }) => JSON.parse(Body))
    },
    answer: [{ app: 'web-app-1', image: { bytes: 11 } }],
  },
  {
    part,
    name: 'a filter policy selects by what a body does not have',
    async call(aws) {
      const FilterPolicy = JSON.stringify({ app: [{ 'anything-but': 'one' }], failure: [{ exists: false }] })
      const bodies = [{ app: 'one' }, { app: 'two' }, { app: 'two', failure: 'x' }]
      const messages = bodies.map((body) => ({ Message: JSON.stringify(body) }))
      const policy = { FilterPolicy, FilterPolicyScope: 'MessageBody' }
      const got = await publish(aws, { RawMessageDelivery, ...policy }, ...messages)
      return got.map(({ Body = '' }) => JSON.parse(Body))
    },
    answer: [{ app: 'two' }],
  },
  {
    part,
    name: 'a filter policy that is no JSON is refused',
    call: (aws) => refusal(topicAndQueue(aws, { FilterPolicy: '{' })),
    answer: '400 InvalidParameterException',
  },
  {
    part,
    name: 'PublishBatch delivers each entry',
    async call(aws) {
      const { TopicArn, QueueUrl } = await topicAndQueue(aws, { RawMessageDelivery })
      const PublishBatchRequestEntries = ['a', 'b'].map((Id) => ({ Id, Message: Id }))
      const { Successful } = await aws.sns.send(
        new PublishBatchCommand({ TopicArn, PublishBatchRequestEntries }),
      )
      const got = await aws.sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }))
      return [Successful?.map(({ Id }) => Id), got.Messages?.map(({ Body }) => Body).toSorted()]
    },
    answer: [
      ['a', 'b'],
      ['a', 'b'],
    ],
  },
  {
    part,
    name: 'PublishBatch with an id twice is refused',
    async call(aws) {
      const { TopicArn } = await topicAndQueue(aws, {})
      const PublishBatchRequestEntries = ['a', 'a'].map((Id) => ({ Id, Message: 'x' }))
      return refusal(aws.sns.send(new PublishBatchCommand({ TopicArn, PublishBatchRequestEntries })))
    },
    answer: '400 BatchEntryIdsNotDistinctException',
  },
  {
    part,
    name: 'PublishBatch of eleven is refused',
    async call(aws) {
      const { TopicArn } = await topicAndQueue(aws, {})
      const PublishBatchRequestEntries = Array.from({ length: 11 }, (_, n) => ({ Id: `m${n}`, Message: 'x' }))
      return refusal(aws.sns.send(new PublishBatchCommand({ TopicArn, PublishBatchRequestEntries })))
    },
    answer: '400 TooManyEntriesInBatchRequestException',
  },
  {
    part,
    name: 'a standard topic passes MessageGroupId on to a standard queue',
    async call(aws) {
      const [message] = await publish(
        aws,
        { RawMessageDelivery },
        { Message: 'x', MessageGroupId: 'web-app-1' },
      )
      return message?.Attributes?.MessageGroupId
    },
    answer: 'web-app-1',
  },
  {
    part,
    name: 'Publish to a missing topic is refused',
    async call(aws) {
      const { TopicArn } = await topicAndQueue(aws, {})
      return refusal(aws.sns.send(new PublishCommand({ TopicArn: `${TopicArn}-missing`, Message: 'x' })))
    },
    answer: '404 NotFoundException',
  },
  {
    part,
    name: 'a message of more than 256 KiB is refused',
    async call(aws) {
      const { TopicArn } = await topicAndQueue(aws, {})
      return refusal(aws.sns.send(new PublishCommand({ TopicArn, Message: 'x'.repeat(256 * 1024 + 1) })))
    },
    answer: '400 InvalidParameterException',
  },
  {
    part,
    name: 'a filter policy selects by each element of an array',
    async call(aws) {
      const FilterPolicy = JSON.stringify({ tags: ['b', { prefix: 'x' }] })
      const messages = [['a', 'b'], ['a'], ['xyz']].map((tags) => ({
        Message: JSON.stringify(tags),
        MessageAttributes: { tags: { DataType: 'String.Array', StringValue: JSON.stringify(tags) } },
      }))
      const got = await publish(aws, { RawMessageDelivery, FilterPolicy }, ...messages)
      return got.map(({ Body }) => Body).toSorted()
    },
    answer: ['["a","b"]', '["xyz"]'],
  },
  {
    part,
    name: "a filter policy distinguishes a body's strings, numbers, true and null, also in arrays",
    async call(aws) {
      const FilterPolicy = JSON.stringify({ a: [1, true, null, 'x'] })
      const values = [1, '1', true, 'true', null, 'null', ['x'], ['1', 1], []]
      const messages = [...values.map((a) => JSON.stringify({ a })), '{"b":1}'].map((Message) => ({
        Message,
      }))
      const policy = { FilterPolicy, FilterPolicyScope: 'MessageBody' }
      const got = await publish(aws, { RawMessageDelivery, ...policy }, ...messages)
      return got.map(({ Body }) => Body).toSorted()
    },
    answer: ['{"a":1}', '{"a":["1",1]}', '{"a":["x"]}', '{"a":null}', '{"a":true}'],
  },
  ...['{"a":"b"}', '{"a":[{"like":"b"}]}', '{"a":{"b":["c"]}}'].map(
    (FilterPolicy): ConformanceCase => ({
      part,
      name: `the filter policy ${FilterPolicy} for attributes is refused`,
      call: (aws) => refusal(topicAndQueue(aws, { FilterPolicy })),
      answer: '400 InvalidParameterException',
    }),
  ),
  {
    part,
    name: 'an unknown scope of a filter policy is refused',
    call: (aws) => refusal(topicAndQueue(aws, { FilterPolicy: '{"a":["b"]}', FilterPolicyScope: 'Body' })),
    answer: '400 InvalidParameterException',
  },
]
