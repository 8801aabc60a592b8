import { createHash } from 'node:crypto'
import {
  CopyObjectCommand,
  type CopyObjectCommandInput,
  CreateBucketCommand,
  GetObjectCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type LocalAws, startLocalAws } from './start-local-aws.ts'
import { s3For } from './test-clients.ts'

const Bucket = 'copied'
const Body = 'the same in two places'
const described = { ContentType: 'image/png', Metadata: { app: 'web-app-1' } }
const precondition = { name: 'PreconditionFailed', $metadata: { httpStatusCode: 412 } }

let aws: LocalAws
let s3: ReturnType<typeof s3For>
let ETag: string | undefined
beforeAll(async () => {
  aws = await startLocalAws()
  s3 = s3For(aws.endpoint)
  await s3.send(new CreateBucketCommand({ Bucket }))
  const put = await s3.send(new PutObjectCommand({ Bucket, Key: 'source', Body, ...described }))
  ETag = put.ETag
})
afterAll(() => aws.stop())

const copy = (Key: string, more: Partial<CopyObjectCommandInput> = {}) =>
  s3.send(new CopyObjectCommand({ Bucket, Key, CopySource: `${Bucket}/source`, ...more }))

const read = (Key: string) => s3.send(new GetObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED' }))

describe('CopyObject', () => {
  test('copies bytes, type and metadata', async () => {
    await copy('plain')
    const got = await read('plain')
    expect(got).toMatchObject(described)
    expect(await got.Body?.transformToString()).toBe(Body)
  })

  test('can replace type and metadata', async () => {
    const own = { ContentType: 'image/webp', Metadata: { app: 'web-app-2' } }
    await copy('own', { ...own, MetadataDirective: 'REPLACE' })
    expect(await read('own')).toMatchObject(own)
  })

  test('creates but does not overwrite with If-None-Match', async () => {
    await copy('once', { IfNoneMatch: '*' })
    await expect(copy('once', { IfNoneMatch: '*' })).rejects.toMatchObject(precondition)
  })

  test('copies only the version with the given ETag', async () => {
    await copy('seen', { CopySourceIfMatch: ETag })
    const another = '"d41d8cd98f00b204e9800998ecf8427e"'
    await expect(copy('unseen', { CopySourceIfMatch: another })).rejects.toMatchObject(precondition)
    await expect(read('unseen')).rejects.toThrow()
  })

  test('computes the requested checksum', async () => {
    const sha256 = createHash('sha256').update(Body).digest('base64')
    const { CopyObjectResult } = await copy('hashed', { ChecksumAlgorithm: 'SHA256' })
    expect(CopyObjectResult?.ChecksumSHA256).toBe(sha256)
    expect((await read('hashed')).ChecksumSHA256).toBe(sha256)
  })
})
