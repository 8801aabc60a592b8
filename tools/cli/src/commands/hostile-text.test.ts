import { once } from 'node:events'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { CreateTopicCommand, ListSubscriptionsCommand, PublishCommand, SNSClient } from '@aws-sdk/client-sns'
import { CreateQueueCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import { openBucket, putAuditEntries } from '@darkroom/bucket'
import {
  type AuditEntry,
  auditBucketOf,
  claimKey,
  credentialKey,
  inputKey,
  metadataKey,
  newAuditEntry,
  newImageId,
  toUserMetadata,
} from '@darkroom/core'
import { startLocalAws } from '@darkroom/local-aws'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Command } from 'commander'
import { darkroom } from '../program.ts'
import { visible } from '../safe-console.ts'
import { callDarkroom } from '../testing/call-darkroom.ts'

/** Clears the screen, hides and colors what follows, moves the cursor by C0 and C1, begins lines, turns the direction around, and is long. */
const HOSTILE = `x\u001b[2J\u001b[8m\u001b[31m\u001b]0;title\u0007\u009b1A\u0085\r\nFORGED\nFORGED\u2028\u202egpj\u2066${'long'.repeat(3000)}`
/** S3 and SQS take these characters of it only, and XML has no others. */
const WRITABLE = HOSTILE.replaceAll('\u0007', '').replaceAll('\u001b', '')

const APP = 'web-app-1'
const KEY_ID = '0123456789abcdef'
const image = { app: APP, imageId: newImageId() }
const unreadable = { app: APP, imageId: newImageId() }
const processed = { app: APP, imageId: newImageId() }

const aws = await startLocalAws()
const client = {
  endpoint: aws.endpoint,
  region: 'us-east-1',
  credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
}
const [s3, sqs, sns] = [new S3Client(client), new SQSClient(client), new SNSClient(client)]
const bucket = 'darkroom-hostile'
const api = createServer((request, response) => answer(`${request.method} ${request.url}`, response))
let folder: string
let url: string
let TopicArn: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'darkroom-hostile-'))
  await once(api.listen(0, '127.0.0.1'), 'listening')
  url = `http://127.0.0.1:${(api.address() as AddressInfo).port}`
  for (const name of [bucket, auditBucketOf(bucket)]) await s3.send(new CreateBucketCommand({ Bucket: name }))
  TopicArn = String((await sns.send(new CreateTopicCommand({ Name: 'darkroom-hostile-events' }))).TopicArn)
  const names = ['images', 'images-dead-letters', 'images-parked', 'outcomes', 'images-watch']
  const [queueUrl = '', , parkedQueueUrl = ''] = await Promise.all(
    names.map(async (name) => {
      const QueueName = `darkroom-hostile-${name}`
      return (await sqs.send(new CreateQueueCommand({ QueueName }))).QueueUrl ?? ''
    }),
  )
  await fillStore(parkedQueueUrl)
  const apps = { [APP]: { apiKey: `dk_test_${KEY_ID}` } }
  const pages = { webApp1: url, webApp2: url, dashboard: url }
  const endpoints = { aws: aws.endpoint, bucket, queueUrl, parkedQueueUrl, uploadApi: url, apps, ...pages }
  await writeFile(join(folder, 'endpoints.json'), JSON.stringify(endpoints))
})
afterAll(async () => {
  for (const one of [s3, sqs, sns]) one.destroy()
  api.close()
  await aws.stop()
  await rm(folder, { recursive: true })
})

/** Puts strangers' text wherever a command reads some. */
async function fillStore(parkedQueueUrl: string): Promise<void> {
  const now = new Date().toISOString()
  const common = { schema_version: 1, app: APP, accepted_at: now, finished_at: now, origin: 'http' }
  const texts = { filename: HOSTILE, attributes: { note: HOSTILE, [HOSTILE]: HOSTILE }, uploader: HOSTILE }
  const failure = { status: 'failed', failure_type: HOSTILE, failure_detail: HOSTILE, receive_count: 3 }
  const put = (Key: string, Body: string, more = {}) =>
    s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body, ...more }))
  const metadata = {
    ...{ app: APP, acceptedAt: now, sha256: 'ab'.repeat(32), origin: { kind: 'http' as const } },
    ...{ filename: HOSTILE.slice(0, 100), attributes: { note: HOSTILE.slice(0, 100) }, uploader: 'anna' },
  }
  for (const each of [image, unreadable, processed])
    await put(inputKey(each), 'bytes', { ContentType: 'image/jpeg', Metadata: toUserMetadata(metadata) })
  await put(metadataKey(image), JSON.stringify({ ...common, image_id: image.imageId, ...texts, ...failure }))
  await put(metadataKey(unreadable), JSON.stringify({ ...common, status: HOSTILE, image_id: HOSTILE }))
  const developed = {
    ...{ status: 'processed', preset: HOSTILE, preset_version: 1, variants: [], ...texts },
    ...{ content_type: HOSTILE, bytes: 5, sha256: 'ab'.repeat(32), queued_ms: 1, processing_ms: 1 },
  }
  await put(metadataKey(processed), JSON.stringify({ ...common, image_id: processed.imageId, ...developed }))
  for (const place of [`input/${APP}`, `metadata/app=${APP}`, 'rejected', 'claims', 'strange', 'held'])
    await put(`${place}/${WRITABLE.slice(0, 300)}`, HOSTILE)
  await put(claimKey(image), HOSTILE)
  await put(credentialKey({ keyId: KEY_ID }), JSON.stringify({ hash: 'x', app: APP, createdAt: HOSTILE }))
  const trail = openBucket(auditBucketOf(bucket), client)
  const who = { kind: HOSTILE, credential: HOSTILE, uploader: HOSTILE }
  const from = { ip: HOSTILE, client: HOSTILE, host: HOSTILE }
  const entry: AuditEntry = newAuditEntry({
    act: 'image.erased',
    outcome: HOSTILE,
    who,
    from,
    detail: HOSTILE,
  })
  await putAuditEntries(trail, [{ ...entry, act: HOSTILE }])
  trail.s3.destroy()
  const event = {
    specversion: '1.0',
    type: HOSTILE,
    subject: image.imageId,
    data: { ...image, key: HOSTILE },
  }
  for (const body of [WRITABLE, JSON.stringify({ subject: HOSTILE }), JSON.stringify(event)])
    await sqs.send(new SendMessageCommand({ QueueUrl: parkedQueueUrl, MessageBody: body }))
}

/** An API whose every text is hostile. */
function answer(request: string, response: ServerResponse): void {
  const status = {
    ...{ id: image.imageId, app: HOSTILE, status: 'failed', acceptedAt: HOSTILE, finishedAt: HOSTILE },
    ...{ filename: HOSTILE, original: { contentType: HOSTILE, bytes: 1, width: 1, height: HOSTILE } },
    ...{ attributes: { note: HOSTILE, [HOSTILE]: HOSTILE }, failure: { type: HOSTILE, detail: HOSTILE } },
    ...{
      warnings: [{ type: HOSTILE, detail: HOSTILE }],
      erasure: { at: HOSTILE, objects: 1, complete: false },
    },
    ...{ keptUntil: { variants: HOSTILE, original: HOSTILE } },
  }
  const variants = [
    ...[{ name: HOSTILE, width: 1, height: 1, contentType: HOSTILE, bytes: 1, url: `${url}/a.jpg` }],
    ...[{ name: '../../outside', width: 1, height: 1, contentType: 'x', bytes: 1, url: `${url}/a.jpg` }],
  ]
  const done = { ...status, id: processed.imageId, status: 'processed', variants }
  const send = (code: number, body: unknown, type = 'application/json') =>
    response.writeHead(code, { 'Content-Type': type }).end(JSON.stringify(body))
  if (request.startsWith('POST /v1/images')) send(202, { id: image.imageId, status: 'queued' })
  else if (request.startsWith('GET /v1/images?ids='))
    send(200, { items: request.includes(processed.imageId) ? [done] : [status], notFound: [] })
  else if (request.startsWith('GET /v1/images?')) {
    // The second list has no image, only something that ends the command.
    send(200, { items: lists++ === 0 ? [status] : [null] })
  } else if (request.startsWith(`GET /v1/images/${image.imageId}`)) send(200, status)
  else if (request.startsWith(`DELETE /v1/images/${image.imageId}`)) send(200, status)
  else {
    const problem = { type: HOSTILE, title: HOSTILE, detail: HOSTILE, status: 400 }
    send(400, problem, 'application/problem+json')
  }
}
let lists = 0

const call = (...args: string[]) => {
  lists = 0
  return callDarkroom(args, {
    ...{ BUCKET: undefined, QUEUE_URL: undefined, LOCAL_DIR: folder, INIT_CWD: folder },
    ...{ DARKROOM_URL: undefined, DARKROOM_KEY: undefined },
  })
}

/** Commands that print nothing of a store or an API, and why. */
const OWN_TEXT: Record<string, string> = {
  'analytics dictionary': 'the schema',
  'analytics generate': 'figures',
  'analytics superset': 'the attributes that apps declare',
  'apps list': 'a file of the operator',
  'apps check': 'a file of the operator',
  'apps add': 'a file of the operator',
  'apps apply': 'the settings of operators',
  'apps diff': 'the settings of operators',
  'apps schema': 'the schema',
  open: 'the address of a local page',
  endpoints: 'JSON of the local stack',
}

/** All other commands, with arguments that have them print strangers' text. */
const CALLS: Record<string, string[][]> = {
  upload: [['photo.jpg']],
  status: [[image.imageId], [image.imageId, '--json'], [newImageId()]],
  get: [[image.imageId], [processed.imageId], [processed.imageId, '--variant', 'none']],
  tail: [['--interval', '1']],
  erase: [[image.imageId], [image.imageId, '--yes'], [newImageId()], ['--uploader', 'anna', '--app', APP]],
  smoke: [['--wait', '0']],
  analytics: [
    ['select filename, failure_detail, attributes, uploader from image_documents'],
    ['select * from nothing'],
    [],
  ],
  audit: [
    ['--settled', '0'],
    ['--settled', '0', '--json'],
    ['--erased', image.imageId, '--app', APP],
    ['--receipts'],
  ],
  'audit-log': [
    ['--from', '2026-01-01'],
    ['--from', '2026-01-01', '--json'],
  ],
  backfill: [['--preset', 'default', '--app', APP, '--dry-run']],
  doctor: [[], ['--json']],
  'dlq list': [[], ['--json']],
  'dlq show': [[image.imageId]],
  'dlq redrive-failed': [['--app', APP, '--all', '--dry-run']],
  'dlq redrive': [['--dry-run'], ['--rate', '100']],
  'events tail': [
    ['--count', '3'],
    ['--count', '3', '--json'],
  ],
  'events replay': [['--app', APP, '--dry-run']],
  hold: [
    [image.imageId, '--app', APP, '--reason', HOSTILE],
    [image.imageId, '--app', APP, '--release'],
  ],
  'keys list': [['--app', APP]],
  'keys create': [['--app', APP]],
  'keys rotate': [['--app', APP]],
  'keys revoke': [[KEY_ID, '--app', APP]],
  retention: [['--date', '2030-01-01']],
  trace: [[image.imageId], [image.imageId, '--json'], [unreadable.imageId, '--app', APP]],
}

/** While a command follows the topic, events come. */
async function publishTo(running: Promise<unknown>): Promise<void> {
  let ended = false
  running.finally(() => {
    ended = true
  })
  while (!ended) {
    const { Subscriptions = [] } = await sns.send(new ListSubscriptionsCommand({}))
    if (Subscriptions.length > 0) break
  }
  const data = { app: HOSTILE, refusal_type: HOSTILE, refusals: 3, failure_type: HOSTILE }
  const event = { type: HOSTILE, subject: HOSTILE, id: 'r1', time: '2026-11-23T10:00:02.000Z', data }
  const refused = { ...event, type: 'image.refused.v1' }
  for (const body of [JSON.stringify(event), JSON.stringify(refused), WRITABLE])
    await sns.send(new PublishCommand({ TopicArn, Message: body }))
}

/** A line can have several texts of strangers, of up to 1,000 characters each. */
const MAX_LINE = 9_000
const longestLine = (text: string) => Math.max(...text.split('\n').map(({ length }) => length))

describe.each(Object.entries(CALLS))('%s', (command, argumentLists) => {
  test.each(argumentLists.map((args) => [args.join(' ').slice(0, 60), args] as const))(
    'shows no raw text of strangers: %s',
    async (_, args) => {
      const running = call(...command.split(' '), ...args)
      if (command === 'events tail') await publishTo(running)
      const { raw } = await running
      expect(raw).not.toBe('')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
      expect(raw).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/)
      expect(raw).not.toMatch(/^FORGED/m)
      if (!args.includes('--json')) expect(longestLine(raw)).toBeLessThan(MAX_LINE)
    },
  )
})

test('every command is in one of these lists', async () => {
  const leaves = (command: Command, before: string[] = []): string[] => {
    const names = [...before, command.name()]
    const own = '_actionHandler' in command && command._actionHandler ? [names.join(' ')] : []
    return [...own, ...command.commands.flatMap((each) => leaves(each, names))]
  }
  const all = (await darkroom()).commands.flatMap((command) => leaves(command))
  expect([...Object.keys(CALLS), ...Object.keys(OWN_TEXT)].toSorted()).toEqual(all.toSorted())
})

test('the names of variants write no file outside of the folder', async () => {
  const { code, printed } = await call('get', processed.imageId, '--variant', '../../outside')
  expect([code, printed]).toEqual([1, expect.stringContaining('cannot be the name of a variant')])
  expect(await readdir(folder)).toEqual(['endpoints.json'])
})

test('own colors stay, other sequences do not, and what is replaced is the same text in JSON', () => {
  const colors = '\u001b[1m\u001b[31mred\u001b[39m\u001b[22m\ttext\n'
  expect(visible(colors)).toBe(colors)
  expect(visible('\u001b[2J\u001b[8m\u001b[38;5;0m')).toBe('\\u001b[2J\\u001b[8m\\u001b[38;5;0m')
  expect(JSON.parse(visible('"\u009b\u202e"'))).toBe('\u009b\u202e')
})
