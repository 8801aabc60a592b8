import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { awsEnvironment } from './aws-environment.ts'
import { type LocalAws, startLocalAws } from './start-local-aws.ts'

/** Clients that are configured by the environment only, as in a Lambda function. */
const program = `
  import { S3Client, CreateBucketCommand, ListBucketsCommand } from '@aws-sdk/client-s3'
  import { SQSClient, CreateQueueCommand, SendMessageCommand, GetQueueUrlCommand } from '@aws-sdk/client-sqs'
  const s3 = new S3Client(), sqs = new SQSClient()
  await s3.send(new CreateBucketCommand({ Bucket: 'from-child' }))
  await sqs.send(new CreateQueueCommand({ QueueName: 'from-child' }))
  const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: 'from-child' }))
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'hello from a child' }))
  const { Buckets } = await s3.send(new ListBucketsCommand())
  console.log(JSON.stringify({ QueueUrl, buckets: Buckets.map(({ Name }) => Name) }))
`

let aws: LocalAws
beforeAll(async () => {
  aws = await startLocalAws()
})
afterAll(() => aws.stop())

test('points the SDKs of a child process to the server, including queue URLs', async () => {
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '--eval', program],
    {
      cwd: import.meta.dirname,
      env: {
        AWS_PROFILE: 'of-the-developer',
        AWS_ENDPOINT_URL_SQS: 'http://127.0.0.1:9',
        ...awsEnvironment(aws.endpoint),
      },
    },
  )
  expect(stderr).toBe('')
  expect(JSON.parse(stdout)).toEqual({
    QueueUrl: `${aws.endpoint}/000000000000/from-child`,
    buckets: ['from-child'],
  })
  await aws.spy.waitForMessage({ service: 'sqs', body: 'hello from a child' }, 'published')
})
