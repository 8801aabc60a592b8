import { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandInput,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { type LocalAws, startLocalAws } from './start-local-aws.ts'
import { fetchSigned, s3For } from './test-clients.ts'

const Bucket = 'objects'
const Key = 'metadata/app=a/dt=2026-01-01/x.json'
const Metadata = { app: 'a', acceptedat: '2026-01-01T00:00:00.000Z', sha256: 'ab12' }

let aws: LocalAws
let s3: ReturnType<typeof s3For>
beforeAll(async () => {
  aws = await startLocalAws()
  s3 = s3For(aws.endpoint)
  await s3.send(new CreateBucketCommand({ Bucket }))
  await s3.send(
    new PutObjectCommand({ Bucket, Key, Body: '0123456789', ContentType: 'application/json', Metadata }),
  )
})
afterAll(() => aws.stop())

const put = (key: string, Body: string | Uint8Array = 'x') =>
  s3.send(new PutObjectCommand({ Bucket, Key: key, Body }))

const keys = async (input: Omit<ListObjectsV2CommandInput, 'Bucket'>) => {
  const page = await s3.send(new ListObjectsV2Command({ Bucket, ...input }))
  return {
    keys: (page.Contents ?? []).map((object) => object.Key),
    prefixes: (page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix),
    next: page.NextContinuationToken,
  }
}

describe('objects', () => {
  test('HEAD and GET return metadata, type and size', async () => {
    const expected = { Metadata, ContentType: 'application/json', ContentLength: 10 }
    expect(await s3.send(new HeadObjectCommand({ Bucket, Key }))).toMatchObject(expected)
    const got = await s3.send(new GetObjectCommand({ Bucket, Key }))
    expect(got).toMatchObject(expected)
    expect(await got.Body?.transformToString()).toBe('0123456789')
  })

  test("a body with the SDK's trailing checksum is stored without its framing", async () => {
    const Body = Readable.from([Buffer.from('streamed in '), Buffer.from('aws-chunked framing')])
    const streamed = { Bucket, Key: 'chunked', Body, ContentLength: 31 }
    const { ChecksumCRC32 } = await s3.send(new PutObjectCommand(streamed))
    const got = await s3.send(new GetObjectCommand({ Bucket, Key: 'chunked', ChecksumMode: 'ENABLED' }))
    expect(await got.Body?.transformToString()).toBe('streamed in aws-chunked framing')
    expect(ChecksumCRC32).toBeDefined()
    expect(got.ChecksumCRC32).toBe(ChecksumCRC32)
  })

  test('an empty body is stored', async () => {
    const answer = await fetchSigned(`${aws.endpoint}/${Bucket}/empty`, { method: 'PUT' })
    expect(answer.status).toBe(200)
    expect((await s3.send(new HeadObjectCommand({ Bucket, Key: 'empty' }))).ContentLength).toBe(0)
    const got = await s3.send(new GetObjectCommand({ Bucket, Key: 'empty' }))
    expect(await got.Body?.transformToString()).toBe('')
  })

  test.each([
    ['a plus and a space', 'odd/a+b c.jpg'],
    ['percent signs', 'odd/100%25.jpg'],
    ['letters beyond ASCII', 'odd/café/ü.jpg'],
    ['1000 characters', `odd/${'k'.repeat(996)}`],
  ])('a key with %s is returned unchanged', async (_, key) => {
    await put(key, key)
    const got = await s3.send(new GetObjectCommand({ Bucket, Key: key }))
    expect(await got.Body?.transformToString()).toBe(key)
    expect((await keys({ Prefix: key })).keys).toEqual([key])
  })

  test('a range request returns 206 with Content-Range', async () => {
    const got = await s3.send(new GetObjectCommand({ Bucket, Key, Range: 'bytes=2-4' }))
    expect(got.$metadata.httpStatusCode).toBe(206)
    expect(got.ContentRange).toBe('bytes 2-4/10')
    expect(await got.Body?.transformToString()).toBe('234')
  })

  test('an unchanged object returns 304 with its ETag', async () => {
    const { ETag } = await s3.send(new HeadObjectCommand({ Bucket, Key }))
    const answer = await fetchSigned(`${aws.endpoint}/${Bucket}/${Key}`, {
      headers: { 'if-none-match': String(ETag) },
    })
    expect(answer.status).toBe(304)
    expect(answer.headers.get('etag')).toBe(ETag)
  })

  test('a missing object returns NoSuchKey for GET and NotFound for HEAD', async () => {
    const absent = { Bucket, Key: 'absent' }
    await expect(s3.send(new GetObjectCommand(absent))).rejects.toMatchObject({ name: 'NoSuchKey' })
    await expect(s3.send(new HeadObjectCommand(absent))).rejects.toMatchObject({ name: 'NotFound' })
  })

  test('each answer is sent once', async () => {
    const writeHead = jest.spyOn(ServerResponse.prototype, 'writeHead')
    await put('once')
    await s3.send(new HeadObjectCommand({ Bucket, Key: 'once' }))
    await s3.send(new DeleteObjectCommand({ Bucket, Key: 'once' }))
    expect(writeHead.mock.calls.map(([status]) => status)).toEqual([200, 200, 204])
    writeHead.mockRestore()
  })

  test('a presigned URL works with plain fetch', async () => {
    const url = await getSignedUrl(s3, new GetObjectCommand({ Bucket, Key }), { expiresIn: 60 })
    const answer = await fetch(url)
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toBe('application/json')
    expect(await answer.text()).toBe('0123456789')
  })

  test('deletes one, many and missing objects', async () => {
    await Promise.all(['gone/1', 'gone/2', 'gone/3&<4>'].map((key) => put(key)))
    await s3.send(new DeleteObjectCommand({ Bucket, Key: 'gone/1' }))
    await s3.send(new DeleteObjectCommand({ Bucket, Key: 'gone/1' }))
    const Objects = [{ Key: 'gone/2' }, { Key: 'gone/3&<4>' }, { Key: 'gone/never' }]
    const { Deleted, Errors } = await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }))
    expect(Deleted?.map((each) => each.Key)).toEqual(['gone/2', 'gone/3&<4>', 'gone/never'])
    expect(Errors).toBeUndefined()
    expect((await keys({ Prefix: 'gone/' })).keys).toEqual([])
  })
})

describe('ListObjectsV2', () => {
  /** In S3's byte order, which differs from any locale's order. */
  const listed = ['l/A/1', 'l/B', 'l/a-b/1', 'l/a/1', 'l/a/2', 'l/a=b', 'l/ab/1', 'l/b', 'l/é']

  beforeAll(async () => {
    await Promise.all(listed.toReversed().map((key) => put(key)))
  })

  test('lists in byte order', async () => {
    expect((await keys({ Prefix: 'l/' })).keys).toEqual(listed)
  })

  test('lists what was written and deleted since the last listing', async () => {
    const inOrder = async () => (await keys({ Prefix: 'changed/' })).keys
    for (const name of ['b', 'd']) await put(`changed/${name}`)
    expect(await inOrder()).toEqual(['changed/b', 'changed/d'])
    for (const name of ['c', 'a', 'c']) await put(`changed/${name}`)
    expect(await inOrder()).toEqual(['changed/a', 'changed/b', 'changed/c', 'changed/d'])
    await s3.send(new DeleteObjectCommand({ Bucket, Key: 'changed/b' }))
    // In UTF-16 the second would be before the first.
    for (const name of ['\uff5e', '\u{1f600}']) await put(`changed/${name}`)
    const rest = ['changed/\uff5e', 'changed/\u{1f600}']
    expect(await inOrder()).toEqual(['changed/a', 'changed/c', 'changed/d', ...rest])
    const after = await keys({ Prefix: 'changed/', StartAfter: 'changed/\uff5e' })
    expect(after.keys).toEqual(['changed/\u{1f600}'])
  })

  test('starts after a key, even if it does not exist', async () => {
    expect((await keys({ Prefix: 'l/', StartAfter: 'l/a/2' })).keys).toEqual(listed.slice(5))
    expect((await keys({ Prefix: 'l/', StartAfter: 'l/a/1z' })).keys).toEqual(listed.slice(4))
  })

  test.each([1, 2, 4])('pages of %i contain every key once', async (MaxKeys) => {
    const seen: unknown[] = []
    let ContinuationToken: string | undefined
    do {
      const page = await keys({ Prefix: 'l/', MaxKeys, ...(ContinuationToken && { ContinuationToken }) })
      seen.push(...page.keys)
      ContinuationToken = page.next
    } while (ContinuationToken)
    expect(seen).toEqual(listed)
  })

  test.each([1, 2, 3])('pages of %i with a delimiter contain every folder once', async (MaxKeys) => {
    const folders: unknown[] = []
    const files: unknown[] = []
    let ContinuationToken: string | undefined
    do {
      const input = { Prefix: 'l/', Delimiter: '/', MaxKeys, ...(ContinuationToken && { ContinuationToken }) }
      const page = await keys(input)
      folders.push(...page.prefixes)
      files.push(...page.keys)
      ContinuationToken = page.next
    } while (ContinuationToken)
    expect(folders).toEqual(['l/A/', 'l/a-b/', 'l/a/', 'l/ab/'])
    expect(files).toEqual(['l/B', 'l/a=b', 'l/b', 'l/é'])
  })
})
