import type { ChildProcess } from 'node:child_process'
import { type LocalAws, startLocalAws } from '@darkroom/local-aws'
import { type LocalKafka, startLocalKafka } from '@darkroom/local-kafka'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { kafkaClient } from '../src/testing/kafka-for-tests.ts'
import { runServerless, serviceEnvironment } from './run-serverless.ts'

let aws: LocalAws
let kafka: LocalKafka
let child: ChildProcess | undefined

beforeEach(async () => {
  aws = await startLocalAws()
  kafka = await startLocalKafka({ topics: { fixture: 2 } })
})

afterEach(async () => {
  if (child && child.exitCode === null) child.kill('SIGKILL')
  await kafka.stop()
  await aws.stop()
})

test('invokes functions with Kafka records, with the settings of resources.extensions', async () => {
  const client = kafkaClient(kafka.brokers)
  await client.send('fixture', { partition: 1, value: 'a-record' })
  await client.send('fixture', { partition: 0, value: null })

  const environment = { ...(await serviceEnvironment(aws.endpoint)), KAFKA_BROKERS: kafka.brokers }
  const serverless = runServerless(environment, 'kafka-service', 'offline')
  child = serverless.child
  await serverless.ready
  await aws.spy.waitForMessage({ bucket: 'kafka-fixture-results', key: 'a-record' }, 'uploaded')
  await aws.spy.waitForMessage({ queueName: 'kafka-fixture-failures' }, 'published')
  serverless.interrupt()
  const { code, output } = await serverless.exited
  expect(code).toBe(0)
  expect(output).toContain('fixture → copy (up to 100 records within 0.5 s, as fixture)')
  expect(output).toContain('not-yet → copy is disabled')
  expect(await client.committed('fixture', 'fixture', [0, 1])).toEqual([1, 1])
  await client.close()
})
