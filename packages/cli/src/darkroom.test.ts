import { execFile } from 'node:child_process'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { type FailedDocument, metadataKey, newImageId } from '@darkroom/core'
import { startLocalAws } from '@darkroom/local-aws'
import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals'

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

/** `pnpm darkroom …` with its state in `folder`. */
function darkroom(...args: string[]): Promise<{ code: number; printed: string }> {
  const script = join(import.meta.dirname, 'darkroom.ts')
  const env = { ...process.env, LOCAL_DIR: folder, INIT_CWD: folder, NO_COLOR: '1' }
  return new Promise((resolve) => {
    execFile(process.execPath, [script, ...args], { env }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, printed: stdout + stderr }),
    )
  })
}

/** As a running `pnpm dev` leaves it. */
async function startStore(bucket: string): Promise<void> {
  await s3.send(new CreateBucketCommand({ Bucket: bucket }))
  await writeFile(join(folder, 'endpoints.json'), JSON.stringify({ aws: aws.endpoint, bucket }))
}

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
}

test('says what to do where no stack is running', async () => {
  const { code, printed } = await darkroom('analytics')
  expect([code, printed]).toEqual([1, expect.stringContaining('start it with: pnpm dev')])
})

test('lists its commands, and knows no others', async () => {
  expect((await darkroom('--help')).printed).toMatch(/analytics .*ask the images/s)
  expect(await darkroom('develop')).toMatchObject({
    code: 1,
    printed: expect.stringContaining('unknown command'),
  })
})

describe('analytics', () => {
  test('of an empty store says how to fill it', async () => {
    await startStore('nothing-yet')
    const { code, printed } = await darkroom('analytics')
    expect([code, printed]).toEqual([0, expect.stringContaining('no finished image yet')])
  })

  test('prints every question, one by its name, and any statement', async () => {
    await startStore('asked')
    await putFailure('asked')
    const all = await darkroom('analytics')
    expect(all.printed).toMatch(
      /Failed images by reason {2}failures\n.*\n.*\n {2}web-app-1 {2}http +corrupt-image +1/,
    )
    expect((await darkroom('analytics', 'failures')).printed).toMatch(/corrupt-image +1/)
    const own = await darkroom('analytics', 'select status, count(*) as n from image_documents group by 1')
    expect(own.printed).toBe('  status  n\n  ──────  ─\n  failed  1\n')
    const wrong = await darkroom('analytics', 'select it')
    expect([wrong.code, wrong.printed]).toEqual([
      1,
      expect.stringMatching(/^darkroom: .*"it" was not found/s),
    ])
  })

  test('prints the data dictionary, with no stack running', async () => {
    expect((await darkroom('analytics', 'dictionary')).printed).toMatch(
      /^# Data dictionary\n[\s\S]*`perceptual_hash`/,
    )
  })

  test('exports files for BI tools', async () => {
    await startStore('exported')
    await putFailure('exported')
    const target = join(folder, 'bi')
    expect((await darkroom('analytics', '--export', target)).printed).toBe(
      'bi/images.parquet\nbi/image_documents.parquet\nbi/darkroom.duckdb\n',
    )
    expect((await readdir(target)).toSorted()).toEqual([
      'darkroom.duckdb',
      'image_documents.parquet',
      'images.parquet',
    ])
  })
})
