import type { ChildProcess } from 'node:child_process'
import { GetQueueUrlCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import { type LocalAws, startLocalAws } from '@darkroom/local-aws'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { runServerless, serviceEnvironment } from './run-serverless.ts'

let aws: LocalAws
let environment: NodeJS.ProcessEnv
let child: ChildProcess | undefined

beforeEach(async () => {
  aws = await startLocalAws()
  environment = await serviceEnvironment(aws.endpoint)
})

afterEach(async () => {
  if (child && child.exitCode === null) child.kill('SIGKILL')
  await aws.stop()
})

function run(service: string, ...command: string[]) {
  const running = runServerless(environment, service, ...command)
  child = running.child
  return running
}

async function send(queueName: string, body: string): Promise<void> {
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }
  const client = new SQSClient({
    region: 'eu-west-1',
    endpoint: aws.endpoint,
    credentials,
    useQueueUrlAsEndpoint: false,
  })
  const { QueueUrl } = await client.send(new GetQueueUrlCommand({ QueueName: queueName }))
  await client.send(new SendMessageCommand({ QueueUrl, MessageBody: body }))
}

test('creates resources, reports that it is ready, invokes functions and stops on SIGINT', async () => {
  const { ready, exited, interrupt } = run('fixture-service', 'offline')
  expect(await ready).toEqual({ type: 'ready', service: 'fixture' })

  await send('fixture-inbox', 'a-message')
  await aws.spy.waitForMessage({ bucket: 'fixture-results', key: 'a-message' }, 'uploaded')
  await aws.spy.waitForMessage({ queueName: 'fixture-inbox', body: 'a-message' }, 'consumed')

  await send('fixture-hanging', 'too-slow')
  await aws.spy.waitForMessage({ queueName: 'fixture-hanging', body: 'too-slow' }, 'dlq')

  interrupt()
  const { code, output } = await exited
  expect(code).toBe(0)
  expect(output).toContain('fixture-inbox → copy')
  expect(output.match(/fixture is ready/g)).toHaveLength(1)
  expect(output).toMatch(/hang failed, its batch of 1 stays in fixture-hanging.*timeout/i)
})

test('`offline start` runs functions built by serverless-esbuild', async () => {
  const { ready, exited, interrupt } = run('bundled-service', 'offline', 'start')
  await ready
  await send('bundled-inbox', 'typed')
  await aws.spy.waitForMessage({ queueName: 'bundled-inbox', body: 'typed' }, 'consumed')
  interrupt()
  const { code, output } = await exited
  expect(code).toBe(0)
  expect(output).toContain('built by esbuild typed')
  expect(output.match(/bundled is ready/g)).toHaveLength(1)
})

test('a service without sources or functions becomes ready', async () => {
  const { ready, exited, interrupt } = run('empty-service', 'offline')
  expect(await ready).toEqual({ type: 'ready', service: 'empty' })
  interrupt()
  expect((await exited).code).toBe(0)
})

test('a configuration error is printed without a stack trace', async () => {
  const { exited } = run('wrong-service', 'offline')
  const { code, output } = await exited
  expect(code).toBe(1)
  expect(output).toContain('Queue nobody-made-it does not exist')
  expect(output).not.toMatch(/\n\s+at /)
})
