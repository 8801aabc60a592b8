import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ListBucketsCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3'
import { credentialKey } from '@darkroom/core'
import { type LocalAws, startLocalAws } from '@darkroom/local-aws'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { developmentKey } from '../apps.ts'
import { writeEndpoints } from '../endpoints.ts'
import { endpointsFor } from '../endpoints-for.ts'
import { freePorts } from '../ports.ts'
import { connectService } from './connect-service.ts'

const before = { ...process.env }
let folder: string
let aws: LocalAws

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'darkroom-offline-'))
  aws = await startLocalAws()
  process.env = { ...before, LOCAL_DIR: folder }
})
afterEach(async () => {
  await aws.stop()
  await rm(folder, { recursive: true })
  process.env = before
})

const service = () => ({
  provider: { environment: { BUCKET: '', QUEUE_URL: '', PARKED_QUEUE_URL: '' } },
  functions: { upload: { events: [{ httpApi: '*' }] } },
})

test('joins the stack that runs', async () => {
  await writeEndpoints(endpointsFor(await freePorts(), aws.endpoint, '127.0.0.1:9'))
  const joined = service()
  expect((await connectService(joined)).message).toBe(
    `Joined the local stack: S3 and SQS at ${aws.endpoint}, Kafka at 127.0.0.1:9.`,
  )
  expect(process.env).toMatchObject({ AWS_ENDPOINT_URL: aws.endpoint, KAFKA_BROKERS: '127.0.0.1:9' })
  expect(joined.provider.environment).toMatchObject({
    BUCKET: 'darkroom-local',
    QUEUE_URL: `${aws.endpoint}/000000000000/darkroom-local-images`,
    PARKED_QUEUE_URL: `${aws.endpoint}/000000000000/darkroom-local-images-parked`,
  })
})

test('starts stores when the stack of endpoints.json no longer runs', async () => {
  const { aws: closed } = endpointsFor(await freePorts())
  await writeEndpoints(endpointsFor(await freePorts(), closed))
  const { message, stop } = await connectService(service())
  const [endpoint = ''] = /http:\S+(?=\.$)/.exec(message) ?? []
  expect(message).toBe(`No local stack is running. Started in memory: S3 and SQS at ${endpoint}.`)
  const s3 = new S3Client({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  })
  const { Buckets } = await s3.send(new ListBucketsCommand({}))
  expect(Buckets?.map(({ Name }) => Name)).toEqual(['darkroom-local'])
  const { Contents } = await s3.send(new ListObjectsV2Command({ Bucket: 'darkroom-local' }))
  expect(Contents?.map(({ Key }) => Key)).toEqual(
    expect.arrayContaining([
      credentialKey(developmentKey('web-app-1')),
      credentialKey(developmentKey('web-app-2')),
    ]),
  )
  s3.destroy()
  await stop()
})

test('variables that are set win', async () => {
  process.env.AWS_ENDPOINT_URL = 'http://127.0.0.1:1'
  const own = service()
  expect((await connectService(own)).message).toBe(
    'AWS_ENDPOINT_URL is set: S3 and SQS at http://127.0.0.1:1.',
  )
  expect(own.provider.environment.BUCKET).toBe('')
})
