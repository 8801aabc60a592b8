import { CreateTopicCommand, SNSClient, SubscribeCommand, UnsubscribeCommand } from '@aws-sdk/client-sns'
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs'
import { awsEnvironment, startLocalAws } from '@darkroom/local-aws'
import { afterAll, expect, test } from '@jest/globals'
import { checkCollector } from './check-collector.ts'

const aws = await startLocalAws()
Object.assign(process.env, awsEnvironment(aws.endpoint))
const [sns, sqs] = [new SNSClient({}), new SQSClient({})]
const { TopicArn = '' } = await sns.send(new CreateTopicCommand({ Name: 'darkroom-test-events' }))
for (const QueueName of ['darkroom-test-collect', 'another'])
  await sqs.send(new CreateQueueCommand({ QueueName }))
afterAll(async () => {
  sns.destroy()
  sqs.destroy()
  await aws.stop()
})

async function subscribe(queue: string, raw: 'true' | 'false') {
  const Endpoint = `arn:aws:sqs:us-east-1:000000000000:${queue}`
  const Attributes = { RawMessageDelivery: raw }
  const command = new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint, Attributes })
  return (await sns.send(command)).SubscriptionArn
}
const check = () => checkCollector(sns, TopicArn, 'darkroom-test-collect')

test('the collector needs a subscription of its own, which delivers the events as they are', async () => {
  await subscribe('another', 'true')
  expect(await check()).toMatchObject([
    { level: 'problem', text: expect.stringContaining('has no subscription') },
  ])
  const SubscriptionArn = await subscribe('darkroom-test-collect', 'false')
  expect(await check()).toMatchObject([{ level: 'problem', text: expect.stringContaining('envelope') }])
  await sns.send(new UnsubscribeCommand({ SubscriptionArn }))
  await subscribe('darkroom-test-collect', 'true')
  expect(await check()).toMatchObject([{ level: 'ok' }])
})
