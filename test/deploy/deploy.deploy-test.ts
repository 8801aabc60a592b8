import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import {
  CloudFormationClient,
  CreateStackCommand,
  DescribeStacksCommand,
  waitUntilStackCreateComplete,
} from '@aws-sdk/client-cloudformation'
import {
  CloudWatchClient,
  type MetricAlarm,
  paginateDescribeAlarms,
  SetAlarmStateCommand,
} from '@aws-sdk/client-cloudwatch'
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs'
import { FirehoseClient } from '@aws-sdk/client-firehose'
import {
  GetFunctionCommand,
  InvokeCommand,
  LambdaClient,
  ListEventSourceMappingsCommand,
  ListFunctionsCommand,
  UpdateEventSourceMappingCommand,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda'
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListBucketsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  paginateListObjectsV2,
  S3Client,
} from '@aws-sdk/client-s3'
import { SNSClient, SubscribeCommand, UnsubscribeCommand } from '@aws-sdk/client-sns'
import {
  CreateQueueCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  PurgeQueueCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs'
import { type Client, createClient } from '@darkroom/client'
import { type AuditEntry, inputKey, OUTCOMES, parseCollectedKey } from '@darkroom/core'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { gunzipSync, zipSync } from 'fflate'
import { CLOUD_EVENT, kafkaEvent, kafkaRecord } from '../../services/kafka-bridge/test/kafka-records.ts'
import { watchEvent } from '../../services/upload-api/src/testing/watch-event.ts'
import { largePhotograph } from '../large-photograph.ts'
import type { Resource } from '../package-service.ts'
import { PHOTOGRAPH } from '../photographs.ts'
import {
  embeddedMetrics,
  publishMetrics,
  stateOf,
  valuesSeenBy,
  type Written,
  watchedMetrics,
} from './alarmed-metrics.ts'
import { addFiles, changePackage, type ServiceName, serverless } from './deploy-service.ts'
import { matchesFilter } from './filter-pattern.ts'
import { deliverSubscriptions, type MetricFilter, readLogs, readMetricFilters } from './read-logs.ts'
import { runDeployJob } from './run-deploy-job.ts'
import { type Emulator, startEmulator } from './start-emulator.ts'

const SERVICES = ['image-processor', 'upload-api', 'kafka-bridge', 'analytics-catalog'] as const
const APPS = ['web-app-1', 'web-app-2']
const TIMEOUT_MS = 120_000

let emulator: Emulator
let folder: string
let cloudFormation: CloudFormationClient
let cloudWatch: CloudWatchClient
let firehose: FirehoseClient
let lambda: LambdaClient
let logs: CloudWatchLogsClient
let s3: S3Client
let sqs: SQSClient

beforeAll(async () => {
  emulator = await startEmulator()
  folder = await mkdtemp(join(tmpdir(), 'darkroom-packages-'))
  const config = emulator.clientConfig
  cloudFormation = new CloudFormationClient(config)
  cloudWatch = new CloudWatchClient(config)
  firehose = new FirehoseClient(config)
  lambda = new LambdaClient(config)
  logs = new CloudWatchLogsClient(config)
  s3 = new S3Client({ ...config, forcePathStyle: true })
  sqs = new SQSClient(config)
})
afterAll(async () => {
  const readme = await readFile(new URL('README.md', import.meta.url), 'utf8')
  console.log([...measured, '', readme.slice(readme.indexOf('## Not shown'))].join('\n'))
  await emulator?.stop()
  if (folder) await rm(folder, { recursive: true })
})

/** What the suite prints at its end. */
const measured: string[] = []
const secondsSince = (began: number) => `${((Date.now() - began) / 1000).toFixed(1)} s`

test('all four services deploy, one by one', async () => {
  for (const service of SERVICES) {
    const began = Date.now()
    await deploy(service, 'prod')
    if (service === 'image-processor') await createKeys('prod')
    const leftOut = emulator.leftOut.get(service)?.join(', ') || 'nothing'
    measured.push(`${service} deployed in ${secondsSince(began)}; left out for the emulator: ${leftOut}`)
  }
  const url = await apiUrl('prod')
  expect(await (await fetch(`${url}/v1/health`)).json()).toMatchObject({ stage: 'prod' })
  expect(await (await fetch(`${url}/v1/ready`)).json()).toMatchObject({ storage: 'ok', queue: 'ok' })
})

test('while there are no images, the merge is not behind, and no row is missing', async () => {
  await invoke('analytics-catalog', 'mergeOutcomes', {})
  await invoke('analytics-catalog', 'reconcileRows', { time: new Date().toISOString() })
})

describe('on the deployed stage', () => {
  test('a photograph over HTTP becomes variants that can be downloaded', async () => {
    const client = await clientOf('web-app-1')
    const { id } = await client.upload(PHOTOGRAPH, { filename: 'Été.jpg' })
    const image = await processed(client, id)
    expect(image).toMatchObject({ filename: 'Été.jpg', app: 'web-app-1' })
    expect(image.variants?.length).toBeGreaterThan(1)
    for (const { url } of image.variants ?? []) expect((await fetch(url)).status).toBe(200)
    await expect((await clientOf('web-app-2')).getImage(id)).rejects.toMatchObject({ type: 'not-found' })
  })

  test('its outcome is in a file for analysts within two minutes', async () => {
    const client = await clientOf('web-app-1')
    const began = Date.now()
    const { id } = await client.upload(PHOTOGRAPH)
    await processed(client, id)
    measured.push(`From the upload until the variants are ready: ${secondsSince(began)}`)
    await eventually(async () => {
      const keys = (await keysOf('prod')).filter((key) => parseCollectedKey(key)?.kind === OUTCOMES)
      const events = (await Promise.all(keys.map(collectedEvents))).flat()
      const { type, data } = events.find(({ subject }) => subject === id) ?? {}
      expect([type, data?.status]).toEqual(['image.processed.v1', 'processed'])
    })
    const until = 'until its outcome is in a file for analysts, without the minute of gathering events on AWS'
    measured.push(`From the upload ${until}: ${secondsSince(began)}`)
  })

  test('one of 6 MB goes directly to S3', async () => {
    const client = await clientOf('web-app-1')
    const { id } = await client.upload(new Uint8Array(await largePhotograph(2_000_000)))
    await processed(client, id)
  })

  test('a Kafka record becomes an image', async () => {
    const record = kafkaRecord({ value: PHOTOGRAPH, headers: CLOUD_EVENT })
    expect(await invoke('kafka-bridge', 'bridgeRecords', kafkaEvent(record))).toEqual({
      batchItemFailures: [],
    })
    const client = await clientOf('web-app-2')
    const { items } = await client.listImages()
    await processed(client, String(items[0]?.id))
  })

  test('an erased image leaves only its document', async () => {
    const client = await clientOf('web-app-1')
    const { id } = await client.upload(PHOTOGRAPH)
    await processed(client, id)
    await client.deleteImage(id)
    expect(await client.getImage(id)).toMatchObject({ status: 'erased' })
    const left = (await keysOf('prod')).filter((key) => key.includes(id)).map((key) => key.split('/')[0])
    expect(left).toEqual(['metadata'])
  })

  test('a lost message is found by the reconcile and sent again by the repair', async () => {
    const FunctionName = 'darkroom-image-processor-prod-processImages'
    const mappings = await lambda.send(new ListEventSourceMappingsCommand({ FunctionName }))
    const UUID = mappings.EventSourceMappings?.[0]?.UUID
    await lambda.send(new UpdateEventSourceMappingCommand({ UUID, Enabled: false }))
    const client = await clientOf('web-app-1')
    const { id } = await client.upload(PHOTOGRAPH)
    await sqs.send(new PurgeQueueCommand({ QueueUrl: await queueUrl('darkroom-prod-images') }))
    await lambda.send(new UpdateEventSourceMappingCommand({ UUID, Enabled: true }))
    expect(await client.getImage(id)).toMatchObject({ status: 'queued' })
    const key = inputKey({ app: 'web-app-1', imageId: id })
    const event = watchEvent('darkroom-prod-000000000000-us-east-1', key)
    const day = { type: 'day-to-reconcile', app: 'web-app-1', date: key.split('/')[2] }
    const ofDay = { Records: event.Records.map((record) => ({ ...record, body: JSON.stringify(day) })) }
    expect(await invoke('upload-api', 'watchImages', ofDay)).toEqual({ batchItemFailures: [] })
    // S3's event of the original, as the watch queue delivers it after two minutes.
    expect(await invoke('upload-api', 'watchImages', event)).toMatchObject({
      batchItemFailures: [{ itemIdentifier: key }],
    })
    await processed(client, id)
  })

  test('a dead letter that cannot be read is parked', async () => {
    const QueueUrl = await queueUrl('darkroom-prod-images-dead-letters')
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'no message of ours' }))
    const parked = { QueueUrl: await queueUrl('darkroom-prod-images-parked') }
    const AttributeNames = ['ApproximateNumberOfMessages' as const]
    await eventually(async () => {
      const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ ...parked, AttributeNames }))
      expect(Attributes?.ApproximateNumberOfMessages).toBe('1')
    })
  })
})

test('the command line reads the stage: apps, keys, and the images of an uploader', async () => {
  const diff = await darkroom(['apps', 'diff', '--stage', 'prod'])
  expect(diff.stdout).toContain('the stage prod have the same apps.')
  const key = apiKey('web-app-1', 'prod')
  const keys = await darkroom(['keys', 'list', '--app', 'web-app-1', '--stage', 'prod'])
  expect(keys.stdout).toContain(key.split('_')[2])
  const client = await clientOf('web-app-1')
  const { id } = await client.upload(PHOTOGRAPH, { uploader: 'user-7' })
  const erase = ['erase', '--app', 'web-app-1', '--uploader', 'user-7', '--stage', 'prod']
  const found = await darkroom(erase, { DARKROOM_KEY: key })
  expect(found.stdout).toContain('1 images of user-7 found')
  expect(found.stdout).toContain(id)
  const traced = await darkroom(['trace', id, '--stage', 'prod'])
  expect(traced.stdout).toContain('accepted')
  const dead = await darkroom(['dlq', 'list', '--stage', 'prod'])
  expect(dead.stdout).toContain('darkroom-prod')
})

test('the audit trail has what was done over HTTP, over Kafka and with the command line', async () => {
  const url = await apiUrl('prod')
  const client = await clientOf('web-app-1')
  const forged = createClient({ url, credential: `${apiKey('web-app-1', 'prod')}0` })
  // The emulator sometimes reads the last lines of an invocation only in the next one.
  await eventually(async () => {
    const { id } = await client.upload(PHOTOGRAPH)
    await processed(client, id)
    await client.deleteImage(id)
    const record = kafkaRecord({ value: PHOTOGRAPH, headers: { ...CLOUD_EVENT, ce_id: randomUUID() } })
    await invoke('kafka-bridge', 'bridgeRecords', kafkaEvent(record))
    await expect(forged.listImages()).rejects.toMatchObject({ type: 'unauthenticated' })
    await deliverSubscriptions(logs, firehose, 'prod')
    expect(await recordedActs()).toEqual(
      expect.arrayContaining([
        'image.uploaded key',
        'image.uploaded topic',
        'image.erased key',
        'key.created operator',
        'credential.refused undefined',
      ]),
    )
  })
})

test('every alarm that goes off is told to who subscribed to the topic of the alarms', async () => {
  const alarms = (await deployedAlarms()).map(nameOf)
  expect(alarms.length).toBeGreaterThan(30)
  const { QueueUrl, close } = await subscribeQueue('arn:aws:sns:us-east-1:000000000000:darkroom-prod-alarms')
  for (const alarm of alarms) await setAlarm(alarm, 'ALARM')
  const told = new Map<string, string>()
  await eventually(async () => {
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }))
    for (const { Body = '' } of Messages) {
      const { AlarmName, AlarmDescription } = JSON.parse(Body)
      told.set(AlarmName.replace('darkroom-prod-', ''), AlarmDescription)
    }
    expect([...told.keys()].sort()).toEqual(alarms.toSorted())
  })
  for (const description of told.values()) expect(description).toMatch(/docs\/operations\.md#[a-z]+\.$/)
  for (const alarm of alarms) await setAlarm(alarm, 'OK')
  await close()
})

test('the doctor says what is in order and what is not', async () => {
  const url = await apiUrl('prod')
  const QueueUrl = await queueUrl('darkroom-prod-merge-dead-letters')
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'DELETE FROM images' }))
  // It ends with 1 if there is a problem.
  const { stdout } = await darkroom(['doctor', '--stage', 'prod', '--json']).catch(
    (failed) => failed as { stdout: string },
  )
  const findings: { check: string; level: string }[] = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  // The emulator keeps no lifecycle rules.
  const problems = findings.filter(({ level }) => level === 'problem').map(({ check }) => check)
  expect(problems).toEqual(['bucket'])
  for (const found of [
    { check: 'stacks', level: 'ok', text: expect.stringMatching(/^upload-api: \w+_COMPLETE, 15 functions$/) },
    { check: 'functions', level: 'ok', text: 'nodejs24.x' },
    { check: 'decoder', level: 'ok', text: 'images are decoded in contained processes only' },
    { check: 'API', level: 'ok', text: `${url} is ready` },
    { check: 'API keys', level: 'ok', text: 'at least one app has an API key' },
    { check: 'events', level: 'ok', text: 'S3 sends the events of input/, uploads/, erasing/, metadata/' },
    { check: 'collector', level: 'ok', text: 'darkroom-prod-collect gets the events of the topic' },
    { check: 'queues', level: 'warning', text: '1 messages are parked.' },
    { check: 'queues', level: 'warning', text: '1 scheduled statements were not given to Athena.' },
    { check: 'consumer', level: 'ok', text: 'processImages receives from the image queue' },
    { check: 'who is told', level: 'warning', text: 'The alarms notify nobody.' },
  ]) {
    expect(findings).toContainEqual(expect.objectContaining(found))
  }
})

test('what somebody changes by hand is drift', async () => {
  const drift = ['drift', '--stage', 'prod']
  expect((await deliver(drift)).stdout).toContain('image-processor: as deployed.')
  const settings = { FunctionName: 'darkroom-image-processor-prod-settleDeadLetters' }
  await lambda.send(new UpdateFunctionConfigurationCommand({ ...settings, Timeout: 31 }))
  const code = { FunctionName: 'darkroom-image-processor-prod-clearParked' }
  const { Code } = await lambda.send(new GetFunctionCommand(code))
  const before = new Uint8Array(await (await fetch(String(Code?.Location))).arrayBuffer())
  const ZipFile = zipSync({ 'index.mjs': Buffer.from('export const handler = () => {}') })
  await lambda.send(new UpdateFunctionCodeCommand({ ...code, ZipFile }))
  const found = await deliver(drift).catch((failed) => failed as { code: number; stdout: string })
  expect(found).toMatchObject({ code: 1 })
  for (const sentence of [
    'SettleDeadLettersLambdaFunction (AWS::Lambda::Function) was changed: Timeout is 31, not 30.',
    'ClearParkedLambdaFunction (AWS::Lambda::Function) has other code than was deployed.',
  ])
    expect(found.stdout).toContain(sentence)
  await lambda.send(new UpdateFunctionConfigurationCommand({ ...settings, Timeout: 30 }))
  await lambda.send(new UpdateFunctionCodeCommand({ ...code, ZipFile: before }))
})

describe('a delivery to prod', () => {
  let before: Record<string, string>

  beforeAll(async () => {
    before = await codeHashes('upload-api', 'prod')
  })

  test('is rolled back if its smoke test fails', async () => {
    const job = await deliverUploadApi({ 'uploadImage.zip': REFUSES_IMAGES })
    expect(job).toMatchObject({
      conclusion: 'failure',
      steps: ['Deploy', 'Smoke test!', 'Roll back'],
      log: expect.stringContaining('The smoke test failed at the step "accepted".'),
    })
    expect(job.summary).toMatch(
      /^- upload-api is deployed to prod\.\n- upload-api is rolled back: prod runs its package \d{13} again\.\n$/,
    )
    expect(await codeHashes('upload-api', 'prod')).toEqual(before)
  })

  test('is rolled back if an alarm goes off, to the package that ran before and not to one that was rolled back', async () => {
    const job = await deliverUploadApi(
      { 'health.zip': CHANGED },
      { 'No alarm goes off within five minutes': () => setAlarm('SlowUploads', 'ALARM') },
    )
    expect(job).toMatchObject({
      conclusion: 'failure',
      steps: ['Deploy', 'Smoke test', 'No alarm goes off within five minutes!', 'Roll back'],
    })
    expect(job.summary).toContain('- In alarm since the deployment: darkroom-prod-SlowUploads.\n')
    expect(await codeHashes('upload-api', 'prod')).toEqual(before)
  })

  test('stays if no other alarm goes off than before it', async () => {
    const job = await deliverUploadApi({ 'health.zip': CHANGED })
    expect(job).toMatchObject({
      conclusion: 'success',
      steps: ['Deploy', 'Smoke test', 'No alarm goes off within five minutes'],
    })
    expect(job.summary).toContain('- In alarm before the deployment: darkroom-prod-SlowUploads.\n')
    const after = await codeHashes('upload-api', 'prod')
    expect(Object.keys(after).filter((name) => after[name] !== before[name])).toEqual([
      'darkroom-upload-api-prod-health',
    ])
    const keys = await darkroom(['keys', 'list', '--app', 'web-app-1', '--stage', 'prod'])
    // The key of this suite: those of the smoke tests are deleted.
    expect(keys.stdout.match(/^ *[0-9a-f]{16}\b/gm)).toHaveLength(1)
  })
})

describe('every alarm watches a metric', () => {
  let templates: Resources[]
  let filters: MetricFilter[]

  beforeAll(async () => {
    templates = await Promise.all(SERVICES.map(templateOf))
    filters = (await readMetricFilters(logs)).filter(({ group }) => /[-/]prod\b/.test(group))
  })

  test('that AWS writes, that a filter of a log makes, or that a function wrote here', async () => {
    const watched = templates.flatMap(watchedMetrics)
    const without = watched.filter(({ metrics }) => metrics.length === 0)
    expect(without.map(({ alarm }) => alarm)).toEqual(['OffsetLagAlarm'])
    const value = Buffer.from('no image')
    const rejected = kafkaRecord({ value, headers: { ...CLOUD_EVENT, ce_id: 'text' } })
    await whileWithoutBucket(async () => {
      const sound = kafkaRecord({ value: PHOTOGRAPH, headers: { ...CLOUD_EVENT, ce_id: randomUUID() } })
      const { batchItemFailures } = await invoke('kafka-bridge', 'bridgeRecords', kafkaEvent(sound))
      expect(batchItemFailures).toHaveLength(1)
    })
    let lines: string[] = []
    // The emulator sometimes reads the last lines of an invocation only in the next one.
    await eventually(async () => {
      await invoke('kafka-bridge', 'bridgeRecords', kafkaEvent(rejected))
      await invoke('upload-api', 'watchImages', { Records: [] })
      const found = [
        ...filters.map(({ namespace, name }) => ({ namespace, name, dimensions: {}, writer: 'a filter' })),
        ...(await readLogs(logs, 'prod')).flatMap(({ group, lines }) =>
          lines.flatMap(embeddedMetrics).map((metric) => ({ ...metric, writer: group.split('-').at(-1) })),
        ),
      ]
      lines = watched.flatMap(({ alarm, metrics }) =>
        metrics.map(({ isOfAws, namespace, name, dimensions }) => {
          const like = found.filter(
            (other) => other.namespace === namespace && isDeepStrictEqual(other.dimensions, dimensions),
          )
          const writer = isOfAws ? 'AWS' : like.find((other) => other.name === name)?.writer
          const isExpected = writer !== undefined || (NOT_PROVOKED.includes(name) && like.length > 0)
          const by = writer ?? (isExpected ? 'its service, but not here' : 'nobody')
          return `${alarm}: ${namespace} ${name}, written by ${by}`
        }),
      )
      expect(lines.filter((line) => line.endsWith('by nobody'))).toEqual([])
    })
    measured.push(...lines)
  })

  /** What the filters make of lines here, for CloudWatch. */
  const byFilters: Written[] = []

  test('by filters that match the last line of an invocation, if it took too long', async () => {
    const written = await readLogs(logs, 'prod')
    let lines = 0
    for (const { group, pattern, namespace, name } of filters) {
      if (name !== 'AlmostTimedOut') continue
      const [, limit] = />(\d+)/.exec(pattern) ?? []
      for (const line of written.find((log) => log.group === group)?.lines ?? []) {
        const [, duration] = /^REPORT .*\tDuration: ([\d.]+) ms/.exec(line) ?? []
        expect([line, matchesFilter(pattern, line)]).toEqual([line, Number(duration) > Number(limit)])
        if (duration === undefined) continue
        const slow = line.replace(/Duration: \S+/, `Duration: ${Number(limit) + 1}`)
        expect([slow, matchesFilter(pattern, slow)]).toEqual([slow, true])
        byFilters.push({ namespace, name, dimensions: {}, values: [1] })
        lines++
      }
    }
    expect(lines).toBeGreaterThan(20)
  })

  test('by filters that match what the API answered', async () => {
    const url = await apiUrl('prod')
    const client = await clientOf('web-app-1')
    const { id } = await client.upload(PHOTOGRAPH)
    const headers = { authorization: `Bearer ${apiKey('web-app-1', 'prod')}` }
    const { status } = await fetch(`${url}/v1/images/${id}`, { method: 'DELETE', headers })
    const authorized = async (authorization?: string) => {
      const event = { headers: { authorization } }
      return (await invoke('upload-api', 'authorize', event)).context
    }
    const stage = templates
      .flatMap((resources) => Object.values(resources))
      .find(({ Type }) => Type === 'AWS::ApiGatewayV2::Stage')
    const counted = (routeKey: string, status: number, authorizer: object) => {
      const context = { routeKey, status, authorizer, responseLatency: 20, responseLength: 100 }
      const line = accessLogLine(stage?.Properties.AccessLogSettings.Format, context)
      return filters.flatMap(({ pattern, namespace, name }) => {
        if (!pattern.startsWith('{') || !matchesFilter(pattern, line)) return []
        byFilters.push({ namespace, name, dimensions: {}, values: [1] })
        return [name]
      })
    }
    const caller = await authorized(headers.authorization)
    expect(counted('GET /v1/images', 200, caller)).toEqual([])
    expect(counted('DELETE /v1/images/{id}', status, caller)).toEqual(['ImagesErased'])
    expect(counted('GET /v1/images', 500, caller)).toEqual(['FailedRequests'])
    expect(counted('GET /v1/images/{id}', 500, caller)).toEqual(['FailedRequests'])
    expect(counted('GET /v1/images', 401, await authorized('Bearer forged'))).toEqual(['FailedLogins'])
    expect(counted('GET /v1/images', 401, await authorized())).toEqual([])
  })

  test('and would go off or not by what it sees there', async () => {
    const written = (await readLogs(logs, 'prod')).flatMap(({ lines }) => lines.flatMap(embeddedMetrics))
    await publishMetrics(cloudWatch, [...written, ...byFilters])
    const states: Record<string, string> = {}
    for (const alarm of await deployedAlarms()) {
      const values = await valuesSeenBy(cloudWatch, alarm)
      const state = stateOf(alarm, values)
      if (alarm.Namespace?.startsWith('Darkroom')) states[nameOf(alarm)] = state
      measured.push(`${nameOf(alarm)} would be ${state} by its metric: ${values.join(', ') || 'no value'}`)
    }
    const { EngineNotContained, ...others } = states
    expect(EngineNotContained).toBe('INSUFFICIENT_DATA')
    expect(others).toEqual({
      DeferredRecords: 'ALARM',
      Duration: 'ALARM',
      FailedLogins: 'OK',
      FailedRequests: 'ALARM',
      ImagesErased: 'OK',
      MissingRows: 'OK',
      ReconciledObjects: expect.stringMatching(/^(ALARM|OK)$/),
      RejectedRecords: 'ALARM',
      RepairedImages: 'OK',
      SlowImagesFast: 'OK',
      SlowImagesSlow: 'OK',
      StaleImages: 'OK',
    })
  })
})

describe('a second stage', () => {
  test('deploys after a first deployment that failed', async () => {
    const fails = (resources: Resources) => {
      resources.Fails = {
        Type: 'AWS::Lambda::Url',
        DependsOn: ['Bucket', 'ImageQueue'],
        Properties: { TargetFunctionArn: 'nothing', AuthType: 'NONE' },
      }
    }
    await expect(deploy('image-processor', 'staging', fails)).rejects.toMatchObject({
      stdout: expect.stringContaining('_FAILED: Fails (AWS::Lambda::Url)'),
    })
    expect(await bucketNames()).not.toContain(bucketOf('staging'))
    await deploy('image-processor', 'staging')
    await createKeys('staging')
  })

  test('refuses an upload if its function must not write originals, and a list if its must not list documents', async () => {
    const forbid = (resources: Resources) => {
      const policyOf = (role: string) => resources[role]?.Properties.Policies[0].PolicyDocument
      const uploads = policyOf('UploadImageIamRoleLambdaExecution')
      uploads.Statement = uploads.Statement.filter(
        ({ Action }: { Action: string[] }) => !Action.includes('s3:PutObject'),
      )
      const lists = policyOf('ListImagesIamRoleLambdaExecution').Statement
      const listing = lists.find(({ Action }: { Action: string[] }) => Action.includes('s3:ListBucket'))
      listing.Condition = { StringLike: { 's3:prefix': ['input/*', 'processed/*'] } }
    }
    await deploy('upload-api', 'staging', forbid)
    const url = await apiUrl('staging')
    const headers = {
      authorization: `Bearer ${apiKey('web-app-1', 'staging')}`,
      'content-type': 'image/jpeg',
    }
    for (const more of [{ method: 'POST', body: PHOTOGRAPH }, { method: 'GET' }]) {
      const answer = await fetch(`${url}/v1/images`, { headers, ...more })
      expect(await answer.json()).toMatchObject({
        status: 503,
        type: 'urn:problem-type:darkroom:storage-unavailable',
      })
    }
    await deploy('upload-api', 'staging')
  })

  test('refuses a key within a minute after it was revoked', async () => {
    const { stdout } = await darkroom(['keys', 'create', '--app', 'web-app-1', '--stage', 'staging'])
    const url = await apiUrl('staging')
    const client = createClient({ url, credential: stdout.trim() })
    await client.listImages()
    const [, , keyId = ''] = stdout.split('_')
    await darkroom(['keys', 'revoke', '--app', 'web-app-1', '--stage', 'staging', keyId])
    await eventually(() =>
      expect(client.listImages()).rejects.toMatchObject({
        type: 'unauthenticated',
        detail: expect.stringContaining('revoked'),
      }),
    )
  })

  test('has images and keys of its own', async () => {
    const client = await clientOf('web-app-1', 'staging')
    const { id } = await client.upload(PHOTOGRAPH)
    await processed(client, id)
    await expect((await clientOf('web-app-1')).getImage(id)).rejects.toMatchObject({ type: 'not-found' })
    const url = await apiUrl('staging')
    const other = createClient({ url, credential: apiKey('web-app-1', 'prod') })
    await expect(other.getImage(id)).rejects.toMatchObject({ type: 'unauthenticated' })
  })
})

describe('the sweep of previews', () => {
  const stackNames = async () => {
    const { Stacks = [] } = await cloudFormation.send(new DescribeStacksCommand({}))
    return Stacks.map(({ StackName }) => StackName).sort()
  }

  beforeAll(async () => {
    // The stack with which the framework begins, as a first deployment leaves it that failed: nothing was uploaded.
    for (const stage of ['pr-7', 'pr-8', 'pr-70']) {
      await createStack(`darkroom-upload-api-${stage}`, {
        ServerlessDeploymentBucket: { Type: 'AWS::S3::Bucket' },
      })
      await createStack(`darkroom-image-processor-${stage}`, {
        Bucket: {
          Type: 'AWS::S3::Bucket',
          DeletionPolicy: 'Retain',
          Properties: { BucketName: bucketOf(stage) },
        },
      })
      await s3.send(new PutObjectCommand({ Bucket: bucketOf(stage), Key: 'input/image', Body: stage }))
    }
    // What is left of a removal that failed at a bucket with versions.
    const Bucket = bucketOf('pr-9', 'audit')
    await s3.send(new CreateBucketCommand({ Bucket }))
    const versions = { Bucket, VersioningConfiguration: { Status: 'Enabled' as const } }
    await s3.send(new PutBucketVersioningCommand(versions))
    for (const Body of ['first', 'second'])
      await s3.send(new PutObjectCommand({ Bucket, Key: 'entry', Body }))
    await s3.send(new DeleteObjectCommand({ Bucket, Key: 'entry' }))
  })

  test('removes those that nobody needs with all versions of their data, and nothing else', async () => {
    const [stacks, buckets] = [await stackNames(), await bucketNames()]
    const isOf =
      (stage: string) =>
      (name = '') =>
        new RegExp(`-${stage}(-|$)`).test(name)
    const { stdout } = await deliver(['sweep', '--keep', '["pr-8","pr-70"]'])
    expect(stdout.match(/^pr-.*$/gm)).toEqual(['pr-7 is removed.', 'pr-9 is removed.'])
    expect(await stackNames()).toEqual(stacks.filter((name) => !isOf('pr-7')(name)))
    const deleted = (name?: string) => isOf('pr-7')(name) || isOf('pr-9')(name)
    expect(await bucketNames()).toEqual(buckets?.filter((name) => !deleted(name)))
    for (const stage of ['pr-8', 'pr-70']) expect(await keysOf(stage)).toEqual(['input/image'])
    for (const stage of ['prod', 'staging']) expect((await keysOf(stage)).length).toBeGreaterThan(0)
  })

  test('and the removal of one stage refuse others than previews', async () => {
    const buckets = await bucketNames()
    for (const stage of ['prod', 'staging', 'pr-8-eu'])
      await expect(deliver(['remove', '--stage', stage])).rejects.toMatchObject({
        code: 1,
        stderr: expect.stringContaining(`The stage ${stage} is not a preview`),
      })
    expect(await bucketNames()).toEqual(buckets)
  })
})

type Resources = Record<string, Resource>

const bucketOf = (stage: string, name = 'darkroom') => `${name}-${stage}-000000000000-us-east-1`
const bucketNames = async () =>
  (await s3.send(new ListBucketsCommand({}))).Buckets?.map(({ Name }) => Name).sort()

/** A metric of what cannot happen here: a decoder that is not contained. Others of its service have the same dimensions. */
const NOT_PROVOKED = ['EngineNotContained']

/** Lets kafka-bridge store images where it may not. */
async function whileWithoutBucket(action: () => Promise<void>): Promise<void> {
  const FunctionName = 'darkroom-kafka-bridge-prod-bridgeRecords'
  const { Configuration } = await lambda.send(new GetFunctionCommand({ FunctionName }))
  const { Variables } = Configuration?.Environment ?? {}
  const set = (more: Record<string, string>) => {
    const Environment = { Variables: { ...Variables, ...more } }
    return lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, Environment }))
  }
  await set({ BUCKET: 'darkroom-elsewhere' })
  await action()
  await set({})
}

/** The resources of a service as they are for AWS. */
async function templateOf(service: ServiceName): Promise<Resources> {
  const file = join(folder, `${service}-prod`, 'cloudformation-template-update-stack.json')
  return JSON.parse(await readFile(file, 'utf8')).Resources
}

/** The acts in the audit trail, each with the kind of who did it. */
async function recordedActs(): Promise<string[]> {
  const from = new Date(Date.now() - 3_600_000).toISOString()
  const { stdout } = await darkroom(['audit-log', '--stage', 'prod', '--from', from, '--json'])
  const entries: AuditEntry[] = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  return entries.map(({ act, who }) => `${act} ${who.kind}`)
}

/** A line of the access log, which the emulator does not write: a variable without a value is `-`. */
function accessLogLine(format: string, context: object): string {
  return format.replaceAll(/\$context\.([\w.]+)/g, (_, path: string) => {
    const value = path.split('.').reduce<unknown>((found, name) => Object(found)[name], context)
    return String(value ?? '-')
  })
}

const REFUSES_IMAGES = {
  'src/routes/upload-image.mjs': Buffer.from('export const handler = async () => ({ statusCode: 400 })'),
}
const CHANGED = { 'CHANGED.md': Buffer.from('Delivered.') }

/** Delivers upload-api with some files of its functions changed, as GitHub does. */
async function deliverUploadApi(
  changes: Record<string, Record<string, Uint8Array>>,
  before: Record<string, () => Promise<unknown>> = {},
) {
  const packages = await mkdtemp(join(folder, 'delivered-'))
  const target = join(packages, 'prod/upload-api')
  await cp(join(folder, 'upload-api-prod'), target, { recursive: true })
  await renewPackage(target)
  for (const [zip, files] of Object.entries(changes)) await addFiles(join(target, zip), files)
  const job = { STAGE: 'prod', SERVICES: '["upload-api"]', FOLDER: packages, ALARM_MINUTES: '0' }
  return runDeployJob({ ...emulator.environment, ...job }, before)
}

/** Gives a package the time of another packaging, which is part of the keys of its code in S3. */
async function renewPackage(target: string): Promise<void> {
  const now = Date.now()
  for (const name of ['cloudformation-template-update-stack.json', 'serverless-state.json']) {
    const text = await readFile(join(target, name), 'utf8')
    const renewed = text.replaceAll(/\d{13}-[\d-]+T[\d:.]+Z/g, `${now}-${new Date(now).toISOString()}`)
    expect(renewed).not.toBe(text)
    await writeFile(join(target, name), renewed)
  }
}

async function deployedAlarms(): Promise<MetricAlarm[]> {
  const alarms: MetricAlarm[] = []
  const prefix = { AlarmNamePrefix: 'darkroom-prod-' }
  for await (const { MetricAlarms = [] } of paginateDescribeAlarms({ client: cloudWatch }, prefix))
    alarms.push(...MetricAlarms)
  return alarms
}

const nameOf = ({ AlarmName = '' }: MetricAlarm) => AlarmName.replace('darkroom-prod-', '')

const setAlarm = (name: string, StateValue: 'ALARM' | 'OK') =>
  cloudWatch.send(
    new SetAlarmStateCommand({ AlarmName: `darkroom-prod-${name}`, StateValue, StateReason: 'a test' }),
  )

/** A queue that gets the messages of a topic as they are. */
async function subscribeQueue(TopicArn: string): Promise<{ QueueUrl: string; close(): Promise<void> }> {
  const Endpoint = 'arn:aws:sqs:us-east-1:000000000000:on-call'
  const statement = {
    Effect: 'Allow',
    Principal: { Service: 'sns.amazonaws.com' },
    Action: 'sqs:SendMessage',
    Resource: Endpoint,
  }
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] })
  const created = await sqs.send(new CreateQueueCommand({ QueueName: 'on-call', Attributes: { Policy } }))
  const QueueUrl = String(created.QueueUrl)
  const sns = new SNSClient(emulator.clientConfig)
  const Attributes = { RawMessageDelivery: 'true' }
  const { SubscriptionArn } = await sns.send(
    new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint, Attributes, ReturnSubscriptionArn: true }),
  )
  return {
    QueueUrl,
    close: async () => {
      await sns.send(new UnsubscribeCommand({ SubscriptionArn }))
      sns.destroy()
      await sqs.send(new DeleteQueueCommand({ QueueUrl }))
    },
  }
}

async function createStack(StackName: string, Resources: object): Promise<void> {
  const TemplateBody = JSON.stringify({ Resources })
  await cloudFormation.send(new CreateStackCommand({ StackName, TemplateBody }))
  await waitUntilStackCreateComplete(
    { client: cloudFormation, maxWaitTime: TIMEOUT_MS / 1000 },
    { StackName },
  )
}

/** @param change of the template */
async function deploy(
  service: ServiceName,
  stage: string,
  change?: (resources: Resources) => void,
): Promise<void> {
  const packaged = join(folder, `${service}-${stage}`)
  if (!existsSync(packaged)) {
    await serverless(service, ['package', '--stage', stage, '--package', packaged], emulator.environment)
  }
  const target = await mkdtemp(`${packaged}-`)
  await cp(packaged, target, { recursive: true })
  if (change) await changePackage(target, (template) => change(template.Resources))
  await serverless(service, ['deploy', '--stage', stage, '--package', target], emulator.environment)
}

/** Where the stage's API is, as its stack says. */
async function apiUrl(stage: string): Promise<string> {
  const StackName = `darkroom-upload-api-${stage}`
  const { Stacks = [] } = await cloudFormation.send(new DescribeStacksCommand({ StackName }))
  const output = Stacks[0]?.Outputs?.find(({ OutputKey }) => OutputKey === 'HttpApiUrl')
  return String(output?.OutputValue)
}

async function clientOf(app: string, stage = 'prod'): Promise<Client> {
  return createClient({ url: await apiUrl(stage), credential: apiKey(app, stage) })
}

/** By stage and app. */
const apiKeys = new Map<string, string>()

async function createKeys(stage: string): Promise<void> {
  for (const app of APPS) {
    const { stdout } = await darkroom(['keys', 'create', '--app', app, '--stage', stage])
    apiKeys.set(`${stage} ${app}`, stdout.trim())
  }
}

function apiKey(app: string, stage: string): string {
  return apiKeys.get(`${stage} ${app}`) ?? ''
}

/** `pnpm darkroom …` and `pnpm deliver …` with the emulator as AWS. */
const darkroom = (args: string[], more = {}) => emulator.run('darkroom', args, more)
const deliver = (args: string[]) => emulator.run('deliver', args)

async function processed(client: Client, id: string) {
  const image = await client.waitUntilFinal(id, { timeout: TIMEOUT_MS })
  expect(image).toMatchObject({ id, status: 'processed' })
  return image
}

// biome-ignore lint/suspicious/noExplicitAny: each function answers in its own way
async function invoke(service: ServiceName, name: string, event: unknown): Promise<any> {
  const { Payload } = await lambda.send(
    new InvokeCommand({
      FunctionName: `darkroom-${service}-prod-${name}`,
      Payload: Buffer.from(JSON.stringify(event)),
    }),
  )
  return JSON.parse(Buffer.from(Payload ?? []).toString())
}

/** The SHA-256 of each function's code. */
async function codeHashes(service: ServiceName, stage: string): Promise<Record<string, string>> {
  const { Functions = [] } = await lambda.send(new ListFunctionsCommand({ MaxItems: 50 }))
  const own = Functions.filter(({ FunctionName }) =>
    FunctionName?.startsWith(`darkroom-${service}-${stage}-`),
  )
  return Object.fromEntries(own.map(({ FunctionName, CodeSha256 }) => [FunctionName, CodeSha256]))
}

async function queueUrl(QueueName: string): Promise<string> {
  return String((await sqs.send(new GetQueueUrlCommand({ QueueName }))).QueueUrl)
}

interface CollectedLine {
  subject?: string
  type?: string
  data?: { status: string }
}

async function collectedEvents(Key: string): Promise<CollectedLine[]> {
  const { Body } = await s3.send(
    new GetObjectCommand({ Bucket: 'darkroom-prod-000000000000-us-east-1', Key }),
  )
  const text = Buffer.from(gunzipSync((await Body?.transformToByteArray()) ?? new Uint8Array())).toString()
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
}

async function keysOf(stage: string): Promise<string[]> {
  const keys: string[] = []
  const Bucket = `darkroom-${stage}-000000000000-us-east-1`
  for await (const { Contents = [] } of paginateListObjectsV2({ client: s3 }, { Bucket }))
    keys.push(...Contents.map(({ Key }) => String(Key)))
  return keys
}

async function eventually(check: () => Promise<void>): Promise<void> {
  for (const began = Date.now(); ; await new Promise((resolve) => setTimeout(resolve, 500))) {
    try {
      return await check()
    } catch (error) {
      if (Date.now() - began > TIMEOUT_MS) throw error
    }
  }
}
