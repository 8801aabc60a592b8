import { exec, execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { CreateBucketCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { configurationFile } from '@darkroom/app-configuration/testing'
import { newReceipt } from '@darkroom/bucket'
import {
  auditBucketOf,
  type FailedDocument,
  heldPrefix,
  holdKey,
  inputKey,
  metadataKey,
  newImageId,
  processedKey,
  receiptKey,
} from '@darkroom/core'
import { awsEnvironment, startLocalAws } from '@darkroom/local-aws'
import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { Command } from 'commander'
import { collectEvents, eventOf } from '../../catalogue/src/testing/collect-documents.ts'
import { darkroom as loadProgram } from './program.ts'
import { type Call, callDarkroom } from './testing/call-darkroom.ts'

const aws = await startLocalAws()
const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }
const s3 = new S3Client({ endpoint: aws.endpoint, region: 'us-east-1', credentials })
afterAll(async () => {
  s3.destroy()
  await aws.stop()
})

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'darkroom-cli-'))
})
afterEach(() => rm(folder, { recursive: true }))

/** Calls `pnpm darkroom …` with its state in `folder`. With `--bucket`, the local server replaces AWS. */
function darkroom(...args: string[]): Promise<Call> {
  const onAws = args.includes('--bucket') ? awsEnvironment(aws.endpoint) : {}
  const own = { BUCKET: undefined, QUEUE_URL: undefined, LOCAL_DIR: folder, INIT_CWD: folder }
  return callDarkroom(args, { ...own, ...onAws })
}

/** Writes the file that a running `pnpm dev` writes. */
async function startStore(bucket: string): Promise<void> {
  for (const Bucket of [bucket, auditBucketOf(bucket)]) await s3.send(new CreateBucketCommand({ Bucket }))
  await writeFile(join(folder, 'endpoints.json'), JSON.stringify({ aws: aws.endpoint, bucket }))
}

/** The first line of each result. */
const storeLine = () => `store: local stack at ${aws.endpoint}\n`

async function putFailure(Bucket: string): Promise<void> {
  const now = new Date().toISOString()
  const document: FailedDocument = {
    schema_version: 1,
    image_id: newImageId(),
    app: 'web-app-1',
    accepted_at: now,
    finished_at: now,
    origin: 'http',
    attributes: {},
    status: 'failed',
    failure_type: 'corrupt-image',
    failure_detail: 'The image data ends too early.',
  }
  const Key = metadataKey({ app: document.app, imageId: document.image_id })
  await s3.send(new PutObjectCommand({ Bucket, Key, Body: JSON.stringify(document) }))
  await collectEvents({ s3, name: Bucket }, [eventOf(document)])
}

test('help fits 80 columns', async () => {
  const pathsOf = (command: Command, path: string[] = []): string[][] => [
    path,
    ...command.commands.flatMap((sub) => pathsOf(sub, [...path, sub.name()])),
  ]
  for (const path of pathsOf(await loadProgram())) {
    const { printed } = await darkroom(...path, '--help')
    expect(printed.split('\n').filter((line) => line.length > 80)).toEqual([])
  }
})

test('runs as a process, which fails with the exit code of the command', async () => {
  const script = join(import.meta.dirname, 'darkroom.ts')
  const options = { env: { ...process.env, LOCAL_DIR: folder, NO_COLOR: '1' } }
  const { stdout } = await promisify(execFile)(process.execPath, [script, '--version'], options)
  expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
  await expect(promisify(execFile)(process.execPath, [script, 'endpoints'], options)).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^darkroom: /m),
  })
})

test('a mistake is explained in sentences', async () => {
  const mistakes: Record<string, string> = {
    'status nope':
      "error: command-argument value 'nope' is invalid for argument 'image'. It must be a UUIDv7 in lower case.",
    'keys list --app Two!':
      "error: option '--app <app>' argument 'Two!' is invalid. An app id must be 1 to 32 characters of a-z, 0-9 and \"-\".",
    tail: 'darkroom: The local stack is not running. Start it with: pnpm dev',
  }
  for (const [words, sentence] of Object.entries(mistakes)) {
    expect((await darkroom(...words.split(' '))).printed.split('\n')[0]).toBe(sentence)
  }
})

test('says nothing if the program that reads its output has enough', async () => {
  const script = join(import.meta.dirname, 'darkroom.ts')
  const { stderr } = await promisify(exec)(`"${process.execPath}" "${script}" --help | true`)
  expect(stderr).toBe('')
})

describe('doctor', () => {
  test('says that no stack is running', async () => {
    const { code, printed } = await darkroom('doctor')
    expect([code, printed]).toEqual([
      1,
      expect.stringMatching(/✗ stack +The local stack is not running\.\n +Start it: pnpm dev/),
    ])
  })

  test('names each part that does not answer', async () => {
    const closed = 'http://127.0.0.1:1'
    const QUEUES = `${closed}/000000000000/images`
    const endpoints = {
      aws: closed,
      bucket: 'b',
      queueUrl: QUEUES,
      uploadApi: closed,
      webApp1: closed,
      webApp2: closed,
      dashboard: closed,
    }
    await writeFile(join(folder, 'endpoints.json'), JSON.stringify(endpoints))
    const { code, printed } = await darkroom('doctor', '--json')
    const problems = printed
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
      .filter(({ level }) => level !== 'ok')
    expect([code, problems]).toMatchObject([
      1,
      [
        { check: 'API', level: 'problem', text: `${closed}/v1/ready: no connection` },
        { check: 'S3 and SQS', level: 'warning', text: expect.stringContaining('Not checked: ') },
        { check: 'pages', level: 'problem' },
        { check: 'pages', level: 'problem' },
        { check: 'pages', level: 'problem' },
      ],
    ])
  })
})

test('says what to do if no stack is running', async () => {
  const { code, printed } = await darkroom('analytics')
  expect([code, printed]).toEqual([1, expect.stringContaining('Start the local stack with: pnpm dev')])
})

test('the README names every command', async () => {
  const readme = await readFile(join(import.meta.dirname, '../README.md'), 'utf8')
  const names = (await loadProgram()).commands.map((command) => command.name())
  expect(names.filter((name) => !readme.includes(`| \`${name}\``))).toEqual([])
})

test('lists its commands and refuses others', async () => {
  expect((await darkroom('--help')).printed).toMatch(/analytics .*query images/s)
  expect(await darkroom('develop')).toMatchObject({
    code: 1,
    printed: expect.stringContaining('unknown command'),
  })
})

describe('analytics', () => {
  test('of an empty store says how to fill it', async () => {
    await startStore('nothing-yet')
    const { code, printed } = await darkroom('analytics')
    expect([code, printed]).toEqual([0, expect.stringContaining('No image is finished yet')])
  })

  test('runs every query, one by its name, and any statement', async () => {
    await startStore('queried')
    await putFailure('queried')
    const all = await darkroom('analytics')
    expect(all.printed).toMatch(
      /Failed images by reason {2}failures\n.*\n.*\n {2}web-app-1 {2}http +corrupt-image +1/,
    )
    expect((await darkroom('analytics', 'failures')).printed).toMatch(/corrupt-image +1/)
    const own = await darkroom('analytics', 'select status, count(*) as n from image_documents group by 1')
    expect(own.printed).toBe(`${storeLine()}  status  n\n  ──────  ─\n  failed  1\n`)
    const wrong = await darkroom('analytics', 'select it')
    expect([wrong.code, wrong.printed]).toEqual([
      1,
      expect.stringMatching(/^darkroom: .*"it" was not found/ms),
    ])
  })

  test('prints the data dictionary without a running stack', async () => {
    expect((await darkroom('analytics', 'dictionary')).printed).toMatch(
      /^# Data dictionary\n[\s\S]*`perceptual_hash`/,
    )
  })

  test('generates documents and queries them without a running stack', async () => {
    const made = await darkroom('analytics', 'generate', '--images', '300', '--days', '9', '--to', folder)
    expect(made.printed).toMatch(/documents\.parquet: 300 images in/)
    const file = join(folder, 'documents.parquet')
    const asked = await darkroom(
      'analytics',
      '--documents',
      file,
      'select count(distinct dt) as days from images_now',
    )
    expect(asked.printed).toBe(`store: documents in ${file}\n  days\n  ────\n     9\n`)
    const wrong = await darkroom('analytics', 'generate', '--images', 'many')
    expect([wrong.code, wrong.printed]).toEqual([1, expect.stringContaining('It must be a whole number')])
  })

  test('writes the dashboard with the given number of days', async () => {
    await startStore('shown')
    await putFailure('shown')
    const target = join(folder, 'site')
    const { printed } = await darkroom('analytics', '--dashboard', target, '--days', '7')
    const files = printed.trim().split('\n').slice(1)
    expect(files.map((file) => file.replace(/-\w{8}\./, '-HASH.')).toSorted()).toEqual(
      [
        'chunk-HASH.js',
        'figures.json',
        'graph-HASH.js',
        'icon-HASH.svg',
        'index.html',
        'lightmeter-HASH.css',
        'lightmeter-HASH.js',
      ].map((file) => `site/${file}`),
    )
    const figures = JSON.parse(await readFile(join(target, 'figures.json'), 'utf8'))
    const week = new Date(Date.now() - 6 * 86_400_000).toISOString().slice(0, 10)
    expect([figures.since, figures.views.images_by_hour.rows.length]).toEqual([week, 1])
    expect(await darkroom('analytics', '--dashboard', target, '--days', 'all')).toMatchObject({
      code: 1,
      printed: expect.stringContaining('a whole number from 1 to 9999'),
    })
  })

  test('writes the dashboard for Superset, with the attributes that the apps declare', async () => {
    const target = join(folder, 'superset')
    expect((await darkroom('analytics', 'superset', target)).printed).toBe('superset/dashboard\n')
    const dataset = await readFile(
      join(target, 'dashboard/datasets/Darkroom/images_with_attributes.yaml'),
      'utf8',
    )
    expect(dataset).toContain('column_name: attr_note\n')
  })

  test('exports files for BI tools', async () => {
    await startStore('exported')
    await putFailure('exported')
    const target = join(folder, 'bi')
    expect((await darkroom('analytics', '--export', target)).printed).toBe(
      `${storeLine()}bi/images.parquet\nbi/image_documents.parquet\nbi/darkroom.duckdb\n`,
    )
    expect((await readdir(target)).toSorted()).toEqual([
      'darkroom.duckdb',
      'image_documents.parquet',
      'images.parquet',
    ])
  })
})

describe('retention', () => {
  const days = { processed: 365, metadata: 730, claims: 7, rejected: 30, uploads: 1, unfinishedUploads: 1 }
  const isoDate = (daysAhead: number) =>
    new Date(Date.now() + daysAhead * 86_400_000).toISOString().slice(0, 10)

  function withRetention(input: number): string {
    const apps = { 'web-app-1': {}, 'web-app-2': { retentionDays: { input: 7 } } }
    return configurationFile({ retentionDays: { input, ...days }, apps })
  }

  test('prints the days by app and prefix', async () => {
    const { code, printed } = await darkroom('retention', '--file', withRetention(30))
    expect([code, printed]).toEqual([0, expect.stringMatching(/app +input\/ +processed\/ +metadata\//)])
    expect(printed).toMatch(/web-app-2 +7 +365 +730 +7\n/)
    expect(printed).toMatch(/any other app +30 +365 +730 +7\n/)
  })

  test('counts the objects that are deleted by a date', async () => {
    await startStore('aging')
    const put = (Key: string, Body: string) => s3.send(new PutObjectCommand({ Bucket: 'aging', Key, Body }))
    const imageId = newImageId()
    await put(inputKey({ app: 'web-app-1', imageId }), 'four')
    await put(inputKey({ app: 'web-app-2', imageId }), 'seven..')
    await put(inputKey({ app: 'web-app-2', imageId: newImageId() }), 'seven..')
    await putFailure('aging')
    const { printed } = await darkroom('retention', '--date', isoDate(9), '--file', withRetention(30))
    expect(printed).toMatch(/input\/ +web-app-1 +1 +4 +0 +0\n/)
    expect(printed).toMatch(/input\/ +web-app-2 +2 +14 +2 +14\n/)
    expect(printed).toMatch(/metadata\/ +web-app-1 +1 +\d+ +0 +0\n/)
  })

  test('counts in the deployment that is named, not in the local stack', async () => {
    await startStore('not-counted')
    await s3.send(new CreateBucketCommand({ Bucket: 'counted' }))
    await putFailure('counted')
    const { printed } = await darkroom('retention', '--date', isoDate(9), '--bucket', 'counted')
    expect(printed).toMatch(/^store: s3:\/\/counted .*metadata\/ +web-app-1 +1 /s)
  })

  test('explains errors in a file or a date', async () => {
    const long = await darkroom('retention', '--file', withRetention(5))
    expect([long.code, long.printed]).toEqual([
      1,
      expect.stringContaining('apps["web-app-2"].retentionDays.input'),
    ])
    expect((await darkroom('retention', '--date', 'soon')).printed).toContain('Write it like 2027-03-01')
  })
})

describe('audit', () => {
  const put = (Bucket: string, Key: string) => s3.send(new PutObjectCommand({ Bucket, Key, Body: 'bytes' }))

  test('of a sound store says what was not looked at', async () => {
    await startStore('sound')
    await putFailure('sound')
    const { code, printed } = await darkroom('audit')
    expect([code, printed]).toEqual([
      0,
      expect.stringMatching(/2 objects of 1 images .*No breach was found.*Not looked at: queues/s),
    ])
    expect(printed).toContain('Not looked at: the rows of the catalogue')
    const withCatalogue = await darkroom('audit', '--catalogue')
    expect(withCatalogue).toMatchObject({
      code: 0,
      printed: expect.not.stringContaining('rows of the catalogue'),
    })
  })

  test('prints each breach, a summary by class and what to do, and exits with 1', async () => {
    await startStore('broken')
    for (const key of ['secret', 'zzz/1']) await put('broken', key)
    const { code, printed } = await darkroom('audit')
    expect(code).toBe(1)
    expect(printed).toMatch(/^unknown-object {2}secret {2}\(.*\)$.* unknown-object +2 +delete it/ms)
    const lines = (await darkroom('audit', '--json')).printed.trim().split('\n')
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      { class: 'unknown-object', key: 'secret', detail: expect.any(String) },
      { class: 'unknown-object', key: 'zzz/1', detail: expect.any(String) },
      { summary: expect.objectContaining({ objects: 2, breaches: { 'unknown-object': 2 } }) },
    ])
  })

  test('--receipts prints the newest link of each app, and --erased what is left of an image', async () => {
    await startStore('receipts')
    const image = { app: 'web-app-1', imageId: newImageId() }
    const link = { sequence: 1, previous: '0'.repeat(64), imageId: image.imageId, receipt: 'ab'.repeat(32) }
    await s3.send(
      new PutObjectCommand({
        Bucket: 'receipts',
        Key: receiptKey({ app: 'web-app-1', sequence: 1 }),
        Body: JSON.stringify(link),
      }),
    )
    await put('receipts', inputKey(image))
    const receipts = await darkroom('audit', '--receipts')
    expect([receipts.code, receipts.printed]).toEqual([
      1,
      expect.stringMatching(/status-regression .*it was erased.*--head web-app-1:1:[0-9a-f]{64}\n/s),
    ])
    const erased = await darkroom('audit', '--erased', image.imageId, '--app', image.app)
    expect([erased.code, erased.printed]).toEqual([
      1,
      expect.stringMatching(
        new RegExp(`^input/ .*: ${inputKey(image)}$.*^1 found: the image is not erased`, 'ms'),
      ),
    ])
  })

  test('says how to continue if it stops, and does not continue that of another store', async () => {
    await startStore('stopped')
    const lost = await darkroom('audit', '--bucket', 'does-not-exist')
    expect([lost.code, lost.printed]).toEqual([1, expect.stringContaining('same options and --continue')])
    const none = await darkroom('audit', '--continue')
    expect([none.code, none.printed]).toEqual([1, expect.stringContaining('There is no audit to continue')])
    const checkpoint = {
      store: 's3://other',
      section: 'images',
      started: 0,
      objects: 1,
      images: 1,
      waiting: 0,
    }
    await writeFile(join(folder, 'audit.json'), JSON.stringify({ ...checkpoint, breaches: {} }))
    const other = await darkroom('audit', '--continue')
    expect([other.code, other.printed]).toEqual([1, expect.stringContaining('is of another store')])
  })
})

describe('hold', () => {
  const image = () => ({ app: 'web-app-1', imageId: newImageId() })
  const put = (Bucket: string, Key: string, Body = 'bytes') =>
    s3.send(new PutObjectCommand({ Bucket, Key, Body }))
  const heldKeys = async (Bucket: string) =>
    (await s3.send(new ListObjectsV2Command({ Bucket, Prefix: 'held/' }))).Contents?.map(({ Key }) => Key) ??
    []

  test('keeps copies of all objects of an image until it is released', async () => {
    await startStore('held')
    const held = image()
    const variant = { ...held, variant: 'thumb', extension: 'webp' as const }
    const keys = [inputKey(held), processedKey(variant)]
    for (const key of keys) await put('held', key)
    const placed = await darkroom('hold', held.imageId, '--app', held.app, '--reason', 'case 7')
    expect(placed).toMatchObject({
      code: 0,
      printed: expect.stringMatching(/legal hold; 2 objects are kept/),
    })
    expect(await heldKeys('held')).toEqual([holdKey(held), ...keys.map((key) => heldPrefix(held) + key)])
    const released = await darkroom('hold', held.imageId, '--app', held.app, '--release')
    expect(released).toMatchObject({ code: 0, printed: expect.stringMatching(/2 copies were deleted/) })
    expect(await heldKeys('held')).toEqual([])
  })

  test('is placed in the deployment that is named, not in the local stack', async () => {
    await startStore('laptop')
    for (const Bucket of ['deployed', auditBucketOf('deployed')])
      await s3.send(new CreateBucketCommand({ Bucket }))
    const held = image()
    for (const bucket of ['laptop', 'deployed']) await put(bucket, inputKey(held))
    const { printed } = await darkroom(
      ...['hold', held.imageId, '--app', held.app, '--reason', 'case 7', '--bucket', 'deployed'],
    )
    expect(printed).toMatch(
      /^store: s3:\/\/deployed \(http.*, us-east-1\)\n.* is under a legal hold; 1 objects/,
    )
    expect(await heldKeys('deployed')).toEqual([holdKey(held), heldPrefix(held) + inputKey(held)])
    expect(await heldKeys('laptop')).toEqual([])
  })

  test('without an image, for an erased image or without a reason is an error and stores nothing', async () => {
    await startStore('not-held')
    const [erased, unknown] = [image(), image()]
    await put('not-held', metadataKey(erased), JSON.stringify(newReceipt(erased, 'c0ffee123456', 1)))
    for (const { imageId, app } of [erased, unknown]) {
      const { code, printed } = await darkroom('hold', imageId, '--app', app, '--reason', 'case 7')
      expect([code, printed]).toEqual([1, expect.stringContaining('Nothing of this image is stored')])
    }
    const { printed } = await darkroom('hold', unknown.imageId, '--app', unknown.app)
    expect(printed).toContain('Give a reason with --reason')
    expect(await heldKeys('not-held')).toEqual([])
  })
})
