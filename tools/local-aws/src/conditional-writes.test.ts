import {
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type LocalAws, startLocalAws } from './start-local-aws.ts'
import { fetchSigned, s3For } from './test-clients.ts'

const Bucket = 'conditional'
const precondition = { name: 'PreconditionFailed', $metadata: { httpStatusCode: 412 } }

let aws: LocalAws
let s3: ReturnType<typeof s3For>
beforeAll(async () => {
  aws = await startLocalAws()
  s3 = s3For(aws.endpoint)
  await s3.send(new CreateBucketCommand({ Bucket }))
})
afterAll(() => aws.stop())

const put = (Key: string, Body: string, condition: { IfNoneMatch?: string; IfMatch?: string } = {}) =>
  s3.send(new PutObjectCommand({ Bucket, Key, Body, ...condition }))

const read = async (Key: string) =>
  (await s3.send(new GetObjectCommand({ Bucket, Key }))).Body?.transformToString()

describe('If-None-Match: *', () => {
  test('lets exactly one of 50 concurrent writers create a key', async () => {
    const writers = Array.from({ length: 50 }, (_, n) =>
      put('contested', `writer ${n}`, { IfNoneMatch: '*' }),
    )
    const settled = await Promise.allSettled(writers)
    const winners = settled.flatMap(({ status }, n) => (status === 'fulfilled' ? [n] : []))
    const losses = settled.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []))
    expect(winners).toHaveLength(1)
    expect(losses).toHaveLength(49)
    for (const loss of losses) expect(loss).toMatchObject(precondition)
    expect(await read('contested')).toBe(`writer ${winners[0]}`)
  })

  test('returns the error document of S3', async () => {
    await put('taken', 'first')
    const answer = await fetchSigned(`${aws.endpoint}/${Bucket}/taken`, {
      method: 'PUT',
      body: 'second',
      headers: { 'if-none-match': '*' },
    })
    expect(answer.status).toBe(412)
    const document = await answer.text()
    expect(document).toContain('<Code>PreconditionFailed</Code>')
    expect(document).toContain('<Condition>If-None-Match</Condition>')
  })

  test('is checked when a multipart upload is completed', async () => {
    const complete = async (Key: string) => {
      const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key }))
      const part = { Bucket, Key, UploadId, PartNumber: 1 }
      const { ETag } = await s3.send(new UploadPartCommand({ ...part, Body: 'whole' }))
      const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] }
      const input = { Bucket, Key, UploadId, MultipartUpload, IfNoneMatch: '*' }
      return s3.send(new CompleteMultipartUploadCommand(input))
    }
    await complete('parts')
    await expect(complete('parts')).rejects.toMatchObject(precondition)
  })
})

describe('If-Match', () => {
  test('replaces only the named version', async () => {
    const { ETag } = await put('document', 'one')
    await put('document', 'two', { IfMatch: String(ETag) })
    await expect(put('document', 'three', { IfMatch: String(ETag) })).rejects.toMatchObject(precondition)
    expect(await read('document')).toBe('two')
  })

  test('is 404 if the object does not exist', async () => {
    await expect(
      put('nothing', 'x', { IfMatch: '"d41d8cd98f00b204e9800998ecf8427e"' }),
    ).rejects.toMatchObject({
      name: 'NoSuchKey',
      $metadata: { httpStatusCode: 404 },
    })
  })
})
