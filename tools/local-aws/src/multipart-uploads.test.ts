import { randomBytes } from 'node:crypto'
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandInput,
  ListPartsCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type LocalAws, startLocalAws } from './start-local-aws.ts'
import { s3For } from './test-clients.ts'

const Bucket = 'in-parts'
const SMALLEST_PART = 5 * 1024 * 1024
const first = randomBytes(SMALLEST_PART)
const last = Buffer.from('the rest')

let aws: LocalAws
let s3: ReturnType<typeof s3For>
beforeAll(async () => {
  aws = await startLocalAws()
  s3 = s3For(aws.endpoint)
  await s3.send(new CreateBucketCommand({ Bucket }))
})
afterAll(() => aws.stop())

async function open(Key: string) {
  const described = { ContentType: 'image/jpeg', Metadata: { app: 'web-app-1' } }
  const { UploadId = '' } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key, ...described }))
  return { Bucket, Key, UploadId }
}

type Upload = Awaited<ReturnType<typeof open>>

async function putPart(upload: Upload, PartNumber: number, Body: Uint8Array) {
  const { ETag } = await s3.send(new UploadPartCommand({ ...upload, PartNumber, Body }))
  return { PartNumber, ETag }
}

const complete = (upload: Upload, Parts: { PartNumber: number; ETag: string | undefined }[]) =>
  s3.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts } }))

describe('a multipart upload', () => {
  test('through presigned URLs becomes one object with its type and metadata', async () => {
    const upload = await open('whole')
    const Parts = []
    for (const [index, body] of [first, last].entries()) {
      const PartNumber = index + 1
      const url = await getSignedUrl(s3, new UploadPartCommand({ ...upload, PartNumber }))
      const answer = await fetch(url, { method: 'PUT', body, headers: { origin: 'https://app.example' } })
      expect(answer.headers.get('access-control-expose-headers')).toContain('ETag')
      Parts.push({ PartNumber, ETag: answer.headers.get('etag') ?? '' })
    }
    await complete(upload, Parts)
    const got = await s3.send(new GetObjectCommand({ Bucket, Key: 'whole' }))
    expect(got).toMatchObject({ ContentType: 'image/jpeg', Metadata: { app: 'web-app-1' } })
    const bytes = Buffer.from((await got.Body?.transformToByteArray()) ?? [])
    expect(bytes.equals(Buffer.concat([first, last]))).toBe(true)
  })

  test('lists its parts, with pagination', async () => {
    const upload = await open('listed')
    for (const number of [3, 1, 2]) await putPart(upload, number, Buffer.alloc(number))
    const all = await s3.send(new ListPartsCommand(upload))
    expect(all).toMatchObject({ Bucket, Key: 'listed', UploadId: upload.UploadId, IsTruncated: false })
    expect(all.Parts?.map(({ PartNumber, Size }) => [PartNumber, Size])).toEqual([
      [1, 1],
      [2, 2],
      [3, 3],
    ])
    const page = await s3.send(new ListPartsCommand({ ...upload, MaxParts: 2 }))
    expect(page).toMatchObject({ IsTruncated: true, NextPartNumberMarker: '2' })
    const rest = await s3.send(new ListPartsCommand({ ...upload, PartNumberMarker: '2' }))
    expect(rest.Parts?.map(({ PartNumber }) => PartNumber)).toEqual([3])
  })

  test('without parts lists none', async () => {
    expect((await s3.send(new ListPartsCommand(await open('empty')))).Parts ?? []).toEqual([])
  })

  test('replaces a part that is uploaded again', async () => {
    const upload = await open('again')
    await putPart(upload, 1, Buffer.from('broken off'))
    await complete(upload, [await putPart(upload, 1, last)])
    const got = await s3.send(new GetObjectCommand({ Bucket, Key: 'again' }))
    expect(await got.Body?.transformToString()).toBe('the rest')
  })

  test('is deleted with its parts when it is aborted', async () => {
    const upload = await open('aborted')
    const part = await putPart(upload, 1, last)
    await s3.send(new AbortMultipartUploadCommand(upload))
    await expect(s3.send(new ListPartsCommand(upload))).rejects.toMatchObject({ name: 'NoSuchUpload' })
    await expect(complete(upload, [part])).rejects.toMatchObject({
      name: 'NoSuchUpload',
      $metadata: { httpStatusCode: 404 },
    })
    await expect(s3.send(new HeadObjectCommand({ Bucket, Key: 'aborted' }))).rejects.toThrow()
  })
})

describe('a completion is rejected', () => {
  const refusal = (name: string) => ({ name, $metadata: { httpStatusCode: 400 } })

  test('with parts out of order', async () => {
    const upload = await open('order')
    const parts = [await putPart(upload, 1, first), await putPart(upload, 2, last)]
    await expect(complete(upload, parts.toReversed())).rejects.toMatchObject(refusal('InvalidPartOrder'))
  })

  test('with a part that is too small and not the last', async () => {
    const upload = await open('small')
    const parts = [await putPart(upload, 1, last), await putPart(upload, 2, last)]
    await expect(complete(upload, parts)).rejects.toMatchObject(refusal('EntityTooSmall'))
  })

  test('with a missing part', async () => {
    const upload = await open('unsent')
    const { ETag } = await putPart(upload, 1, last)
    await expect(complete(upload, [{ PartNumber: 2, ETag }])).rejects.toMatchObject(refusal('InvalidPart'))
  })

  test('with no parts', async () => {
    await expect(complete(await open('none'), [])).rejects.toMatchObject(refusal('MalformedXML'))
  })

  test('for another key', async () => {
    const upload = await open('own')
    const part = await putPart(upload, 1, last)
    await expect(complete({ ...upload, Key: 'other' }, [part])).rejects.toMatchObject({
      name: 'NoSuchUpload',
    })
  })
})

test.each([0, 10_001])('part number %i is invalid', async (number) => {
  await expect(putPart(await open('numbers'), number, last)).rejects.toMatchObject({
    name: 'InvalidArgument',
  })
})

test('lists uploads by prefix, with pagination', async () => {
  for (const key of ['staged/b', 'staged/a', 'staged/c', 'elsewhere']) await open(key)
  const list = (input: Omit<ListMultipartUploadsCommandInput, 'Bucket'>) =>
    s3.send(new ListMultipartUploadsCommand({ Bucket, Prefix: 'staged/', ...input }))
  const all = await list({})
  expect(all.Uploads?.map(({ Key }) => Key)).toEqual(['staged/a', 'staged/b', 'staged/c'])
  expect(all.Uploads?.[0]?.Initiated).toBeInstanceOf(Date)
  const page = await list({ MaxUploads: 2 })
  expect(page).toMatchObject({ IsTruncated: true, NextKeyMarker: 'staged/b' })
  const markers = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker }
  expect((await list(markers)).Uploads?.map(({ Key }) => Key)).toEqual(['staged/c'])
})
