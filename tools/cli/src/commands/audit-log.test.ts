import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { hostname, tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { openAuditTrail, openBucket, putAuditEntries } from '@darkroom/bucket'
import { type Audited, auditBucketOf, inputKey, newAuditEntry, newImageId, parseApiKey } from '@darkroom/core'
import { awsEnvironment, startLocalAws } from '@darkroom/local-aws'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { callDarkroom } from '../testing/call-darkroom.ts'

const aws = await startLocalAws()
const settings = {
  endpoint: aws.endpoint,
  region: 'us-east-1',
  credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
}
const s3 = new S3Client(settings)
const Bucket = 'darkroom-test'
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'darkroom-audit-log-'))
  await writeFile(join(folder, 'endpoints.json'), JSON.stringify({ aws: aws.endpoint, bucket: Bucket }))
})
beforeEach(async () => {
  aws.clear()
  for (const name of [Bucket, auditBucketOf(Bucket)]) await s3.send(new CreateBucketCommand({ Bucket: name }))
})
afterAll(async () => {
  s3.destroy()
  await aws.stop()
  await rm(folder, { recursive: true })
})

/** On the local stack, or with `--bucket` in a deployment. */
const darkroom = (...args: string[]) =>
  callDarkroom(args, {
    ...(args.includes('--bucket') && awsEnvironment(aws.endpoint)),
    ...{ BUCKET: undefined, QUEUE_URL: undefined, LOCAL_DIR: folder, INIT_CWD: folder },
  })

const today = () => new Date().toISOString().slice(0, 10)
const log = (...args: string[]) => darkroom('audit-log', '--from', today(), ...args)
const linesOf = ({ printed }: { printed: string }) => printed.trim().split('\n').slice(1, -1)
const imageId = newImageId()

async function put(...audited: Partial<Audited>[]): Promise<void> {
  const trail = await openAuditTrail(openBucket(Bucket, settings))
  if (!trail) throw new Error('no trail')
  const defaults = { act: 'links.read' as const, outcome: 'done', app: 'shop', who: {} }
  await putAuditEntries(
    trail,
    audited.map((one) => newAuditEntry({ ...defaults, ...one })),
  )
}

describe('the audit log', () => {
  test('has who did what to which image, and from where', async () => {
    await put({
      images: [imageId],
      who: { kind: 'token', credential: '5b0c1f2a9d3e4f60', uploader: 'user-7' },
      from: { ip: '192.0.2.1', client: 'Firefox' },
    })
    await put({ who: { kind: 'topic', topic: 'photos' }, from: { partition: 3, offset: 17 } })
    const [first, second] = linesOf(await log())
    expect(first).toMatch(
      /^\d{4}-\d\d-\d\dT[\d:.]+Z {2}links\.read {10}done {10}shop {8}token 5b0c1f2a9d3e4f60 for user-7 from 192\.0\.2\.1 Firefox {2}[0-9a-f-]{36}$/,
    )
    expect(second).toMatch(/topic photos from partition 3, offset 17$/)
  })

  test('is limited to an app, an image, a credential or a time', async () => {
    await put({ app: 'press' }, { images: [imageId] }, { who: { credential: 'c0ffee' } })
    expect(linesOf(await log())).toHaveLength(3)
    expect(linesOf(await log('--app', 'press'))).toHaveLength(1)
    expect(linesOf(await log('--image', imageId))).toHaveLength(1)
    expect(linesOf(await log('--credential', 'c0ffee'))).toHaveLength(1)
    expect(linesOf(await log('--to', today()))).toHaveLength(3)
    expect(linesOf(await darkroom('audit-log', '--from', '2020-01-01', '--to', '2020-01-31'))).toEqual([])
    expect((await darkroom('audit-log', '--from', 'yesterday')).printed).toContain('a day such as 2026-11-23')
    expect(await darkroom('audit-log', '--from', '2020-01-02', '--to', '2020-01-01')).toMatchObject({
      code: 1,
      printed: expect.stringContaining('is not before the end, 2020-01-02T00:00:00.000Z'),
    })
  })

  test('cannot be made to show other lines, or anything else on a terminal', async () => {
    const uploader = 'x\n2026-11-23T10:00:00Z  forged\u001b[2J\u009b1A\u202eexe'
    await put({ who: { kind: 'token', uploader } })
    const { printed } = await log()
    expect(linesOf({ printed })).toHaveLength(1)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
    expect(printed).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/)
    const json = (await log('--json')).printed
    expect(json).toMatch(/^[\x20-\x7e]+\n$/)
    expect(JSON.parse(json).who.uploader).toBe(uploader)
  })
})

describe('this tool records', () => {
  test('holds, with the user of this computer, before they are placed', async () => {
    await darkroom('hold', imageId, '--app', 'shop', '--reason', 'case 7')
    await s3.send(new PutObjectCommand({ Bucket, Key: inputKey({ app: 'shop', imageId }), Body: 'bytes' }))
    await darkroom('hold', imageId, '--app', 'shop', '--release')
    const lines = linesOf(await log('--image', imageId))
    expect(lines).toHaveLength(2)
    expect(lines[0]).toContain(`operator ${userInfo().username} from ${hostname()}`)
    expect(lines[0]).toMatch(/hold\.placed +begun .*\(case 7\)$/)
    expect(lines[1]).toMatch(/hold\.released +begun/)
  })

  test('keys, in a deployment with the principal of AWS', async () => {
    const { printed } = await darkroom('keys', 'create', '--app', 'shop', '--bucket', Bucket)
    const made = parseApiKey(printed.trim().split('\n').at(-1) ?? '')?.keyId ?? ''
    await darkroom('keys', 'rotate', '--app', 'shop', '--bucket', Bucket)
    await darkroom('keys', 'revoke', made, '--app', 'shop', '--bucket', Bucket)
    const lines = linesOf(await log('--app', 'shop'))
    expect(lines.map((line) => line.split(/ {2,}/).slice(1, 3))).toEqual([
      ['key.created', 'done'],
      ['key.created', 'done'],
      ['key.expires', 'begun'],
      ['key.revoked', 'begun'],
    ])
    for (const line of lines) expect(line).toContain('operator arn:aws:')
    expect(lines[3]).toContain(`(${made})`)
    expect(lines.join()).not.toContain('dk_')
  })

  test('nothing without a trail, and then does nothing', async () => {
    await s3.send(new CreateBucketCommand({ Bucket: 'darkroom-old' }))
    const { code, printed } = await darkroom(
      'keys',
      'revoke',
      '5b0c1f2a9d3e4f60',
      '--app',
      'shop',
      '--bucket',
      'darkroom-old',
    )
    expect([code, printed]).toEqual([1, expect.stringContaining('There is no audit trail for darkroom-old.')])
  })
})
