import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateBucketCommand, GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3'
import { openSmallObjects } from '@darkroom/bucket/small-objects'
import { auditBucketOf, credentialKey, lastUseKey, parseApiKey, parseKeyRecord } from '@darkroom/core'
import { awsEnvironment, startLocalAws } from '@darkroom/local-aws'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { callDarkroom } from '../testing/call-darkroom.ts'

const aws = await startLocalAws()
const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }
const s3 = new S3Client({ endpoint: aws.endpoint, region: 'us-east-1', credentials })
const Bucket = 'keys'
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'darkroom-keys-'))
  for (const name of [Bucket, auditBucketOf(Bucket)]) await s3.send(new CreateBucketCommand({ Bucket: name }))
  await writeFile(join(folder, 'endpoints.json'), JSON.stringify({ aws: aws.endpoint, bucket: Bucket }))
})
afterAll(async () => {
  s3.destroy()
  await aws.stop()
  await rm(folder, { recursive: true })
})

const keys = (...args: string[]) =>
  callDarkroom(['keys', ...args], {
    ...(args.includes('--bucket') && awsEnvironment(aws.endpoint)),
    ...{ BUCKET: undefined, QUEUE_URL: undefined, LOCAL_DIR: folder, INIT_CWD: folder },
  })

async function create(app: string, ...options: string[]) {
  const { printed } = await keys('create', '--app', app, ...options)
  const apiKey = printed.trim().split('\n').at(-1) ?? ''
  return { apiKey, ...(parseApiKey(apiKey) ?? { keyId: '', mode: '' }) }
}

async function recordOfKey(keyId: string) {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key: credentialKey({ keyId }) }))
  return parseKeyRecord((await Body?.transformToString()) ?? '')
}

const hours = (from: string | undefined) => (Date.parse(from ?? '') - Date.now()) / 3_600_000

test('a new key is printed once, and only its hash is stored', async () => {
  const { apiKey, keyId, mode } = await create('web-app-1')
  expect(mode).toBe('test')
  expect(await recordOfKey(keyId)).toMatchObject({
    app: 'web-app-1',
    scopes: expect.arrayContaining(['upload']),
  })
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket }))
  for (const { Key } of Contents) {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }))
    expect(await Body?.transformToString()).not.toContain(apiKey.split('_')[3])
  }
  expect((await keys('list', '--app', 'web-app-1')).printed).not.toContain(apiKey)
})

test('a key for AWS is a live one, and can expire', async () => {
  const { keyId, mode } = await create('live-app', '--bucket', Bucket, '--days', '2')
  expect(mode).toBe('live')
  expect(hours((await recordOfKey(keyId)).expiresAt)).toBeCloseTo(48, 1)
})

test('the list has the keys of the app alone, with the day of their last use', async () => {
  const own = await create('listed')
  const other = await create('other')
  await openSmallObjects(Bucket, { ...process.env, ...awsEnvironment(aws.endpoint) }).touch(lastUseKey(own))
  const { printed } = await keys('list', '--app', 'listed')
  const today = new Date().toISOString().slice(0, 10)
  expect(printed).toMatch(new RegExp(`${own.keyId} +${today} +${today}`))
  expect(printed).not.toContain(other.keyId)
  expect((await keys('list', '--app', 'other')).printed).toMatch(
    new RegExp(`${other.keyId} +${today} +never`),
  )
  expect((await keys('list', '--app', 'nobody')).printed).toContain('The app nobody has no key.')
})

test('a rotation makes a key, and lets the others work for the overlap only', async () => {
  const old = await create('rotated')
  const gone = await create('rotated')
  await keys('revoke', '--app', 'rotated', gone.keyId)
  const { printed } = await keys('rotate', '--app', 'rotated', '--overlap', '48')
  const made = parseApiKey(/^dk_.*$/m.exec(printed)?.[0] ?? '')
  expect(hours((await recordOfKey(old.keyId)).expiresAt)).toBeCloseTo(48, 1)
  expect(await recordOfKey(made?.keyId ?? '')).not.toHaveProperty('expiresAt')
  expect(await recordOfKey(gone.keyId)).not.toHaveProperty('expiresAt')
  // A later rotation does not let an old key work longer.
  await keys('rotate', '--app', 'rotated', '--overlap', '72')
  expect(hours((await recordOfKey(old.keyId)).expiresAt)).toBeCloseTo(48, 1)
})

test('a key is revoked by its app and its id', async () => {
  const { keyId } = await create('revoked')
  const foreign = await keys('revoke', '--app', 'other', keyId)
  expect([foreign.code, foreign.printed]).toEqual([
    1,
    expect.stringContaining(`The app other has no key ${keyId}.`),
  ])
  expect(await recordOfKey(keyId)).not.toHaveProperty('revokedAt')
  expect((await keys('revoke', '--app', 'revoked', keyId)).code).toBe(0)
  const { revokedAt } = await recordOfKey(keyId)
  await keys('revoke', '--app', 'revoked', keyId)
  expect((await recordOfKey(keyId)).revokedAt).toBe(revokedAt)
  expect((await keys('list', '--app', 'revoked')).printed).toMatch(/revoked \d{4}-/)
})

test('a stage and a bucket cannot be named together', async () => {
  const both = await keys('list', '--app', 'a', '--stage', 'prod', '--bucket', Bucket)
  expect([both.code, both.printed]).toEqual([1, expect.stringContaining('Use --stage alone')])
})

test('no key is made where there is no audit trail, which would never be printed', async () => {
  await s3.send(new CreateBucketCommand({ Bucket: 'untrailed' }))
  for (const command of ['create', 'rotate']) {
    const { code, printed } = await keys(command, '--app', 'web-app-1', '--bucket', 'untrailed')
    expect([code, printed]).toEqual([1, expect.stringContaining('There is no audit trail for untrailed.')])
  }
  expect((await s3.send(new ListObjectsV2Command({ Bucket: 'untrailed' }))).Contents).toBeUndefined()
})

test('a key of an app that is not in the file says so', async () => {
  const unknown = 'web-app-l is not in apps.json: its images get the defaults'
  expect((await keys('create', '--app', 'web-app-l')).printed).toContain(unknown)
  expect((await keys('create', '--app', 'web-app-1')).printed).not.toContain('is not in')
})
