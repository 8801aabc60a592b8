import { createHash } from 'node:crypto'
import {
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type LocalAws, startLocalAws } from './start-local-aws.ts'
import { fetchSigned, s3For } from './test-clients.ts'

const Bucket = 'verified'
const Body = 'these bytes'
const hash = (algorithm: string, text: string) => createHash(algorithm).update(text).digest('base64')
const badDigest = { name: 'BadDigest', $metadata: { httpStatusCode: 400 } }

let aws: LocalAws
let s3: ReturnType<typeof s3For>
beforeAll(async () => {
  aws = await startLocalAws()
  s3 = s3For(aws.endpoint)
  await s3.send(new CreateBucketCommand({ Bucket }))
})
afterAll(() => aws.stop())

const put = (Key: string, digests: object) => s3.send(new PutObjectCommand({ Bucket, Key, Body, ...digests }))

const digests = (text: string): [string, object][] => [
  ['ChecksumSHA256', { ChecksumSHA256: hash('sha256', text) }],
  ['ChecksumSHA1', { ChecksumSHA1: hash('sha1', text) }],
  ['ContentMD5', { ContentMD5: hash('md5', text) }],
]

describe('PutObject', () => {
  test.each(digests(Body))('accepts a correct %s', async (name, right) => {
    await put(`right/${name}`, right)
    await s3.send(new HeadObjectCommand({ Bucket, Key: `right/${name}` }))
  })

  test.each(digests('others'))('rejects a wrong %s and stores nothing', async (name, wrong) => {
    await expect(put(`wrong/${name}`, wrong)).rejects.toMatchObject(badDigest)
    await expect(s3.send(new HeadObjectCommand({ Bucket, Key: `wrong/${name}` }))).rejects.toThrow()
  })

  test('rejects a malformed Content-MD5', async () => {
    await expect(put('none', { ContentMD5: 'bm9uZQ==' })).rejects.toMatchObject({ name: 'InvalidDigest' })
  })

  test("rejects a wrong CRC32 in the trailer of the SDK's chunks", async () => {
    const chunked = `b\r\n${Body}\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n`
    const headers = { 'content-encoding': 'aws-chunked', 'x-amz-trailer': 'x-amz-checksum-crc32' }
    const answer = await fetchSigned(`${aws.endpoint}/${Bucket}/chunks`, {
      method: 'PUT',
      headers,
      body: chunked,
    })
    expect(answer.status).toBe(400)
    expect(await answer.text()).toContain('<Code>BadDigest</Code>')
  })

  test('rejects a body that differs from the signed one', async () => {
    const headers = { 'x-amz-content-sha256': createHash('sha256').update('others').digest('hex') }
    const answer = await fetchSigned(`${aws.endpoint}/${Bucket}/signed`, {
      method: 'PUT',
      headers,
      body: Body,
    })
    expect(answer.status).toBe(400)
    expect(await answer.text()).toContain('<Code>XAmzContentSHA256Mismatch</Code>')
  })
})

test('UploadPart rejects a wrong digest', async () => {
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: 'parts' }))
  const part = { Bucket, Key: 'parts', UploadId, PartNumber: 1, Body }
  const ChecksumSHA256 = hash('sha256', 'others')
  await expect(s3.send(new UploadPartCommand({ ...part, ChecksumSHA256 }))).rejects.toMatchObject(badDigest)
  await s3.send(new UploadPartCommand({ ...part, ChecksumSHA256: hash('sha256', Body) }))
})
