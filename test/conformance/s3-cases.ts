import {
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { type AwsClients, type ConformanceCase, refusal } from './conformance-case.ts'

async function newBucket({ s3, newName }: AwsClients): Promise<string> {
  const Bucket = newName()
  await s3.send(new CreateBucketCommand({ Bucket }))
  return Bucket
}

async function bucketWith(aws: AwsClients, ...keys: string[]): Promise<string> {
  const Bucket = await newBucket(aws)
  for (const Key of keys) await aws.s3.send(new PutObjectCommand({ Bucket, Key, Body: Key }))
  return Bucket
}

const part = 'S3'

export const s3Cases: ConformanceCase[] = [
  {
    part,
    name: 'a request signed with another secret key is refused',
    async call(aws) {
      const Bucket = await newBucket(aws)
      return refusal(aws.forger.s3.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'a' })))
    },
    answer: '403 SignatureDoesNotMatch',
  },
  {
    part,
    name: 'PutObject with If-None-Match: * refuses to overwrite',
    async call(aws) {
      const Bucket = await bucketWith(aws, 'a')
      return refusal(aws.s3.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'b', IfNoneMatch: '*' })))
    },
    answer: '412 PreconditionFailed',
  },
  {
    part,
    name: 'PutObject with If-Match of another ETag is refused',
    async call(aws) {
      const Bucket = await bucketWith(aws, 'a')
      return refusal(aws.s3.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'b', IfMatch: '"0"' })))
    },
    answer: '412 PreconditionFailed',
  },
  {
    part,
    name: 'PutObject with If-Match of a missing object is refused',
    async call(aws) {
      const Bucket = await newBucket(aws)
      return refusal(aws.s3.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'b', IfMatch: '"0"' })))
    },
    answer: '404 NoSuchKey',
  },
  {
    part,
    name: 'PutObject with a Content-MD5 of other bytes is refused',
    async call(aws) {
      const Bucket = await newBucket(aws)
      const ContentMD5 = 'AAAAAAAAAAAAAAAAAAAAAA=='
      return refusal(aws.s3.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'b', ContentMD5 })))
    },
    answer: '400 BadDigest',
  },
  {
    part,
    name: 'GetObject of a missing key',
    call: async (aws) =>
      refusal(aws.s3.send(new GetObjectCommand({ Bucket: await newBucket(aws), Key: 'a' }))),
    answer: '404 NoSuchKey',
  },
  {
    part,
    name: 'GetObject of a missing bucket',
    call: (aws) => refusal(aws.s3.send(new GetObjectCommand({ Bucket: aws.newName(), Key: 'a' }))),
    answer: '404 NoSuchBucket',
  },
  {
    part,
    name: 'GetObject of a range returns its bytes and the whole size',
    async call(aws) {
      const Bucket = await bucketWith(aws, '0123456789')
      const got = await aws.s3.send(new GetObjectCommand({ Bucket, Key: '0123456789', Range: 'bytes=-3' }))
      return [got.ContentRange, await got.Body?.transformToString()]
    },
    answer: ['bytes 7-9/10', '789'],
  },
  {
    part,
    name: 'GetObject of a range behind the end is refused',
    async call(aws) {
      const Bucket = await bucketWith(aws, 'a')
      return refusal(aws.s3.send(new GetObjectCommand({ Bucket, Key: 'a', Range: 'bytes=5-6' })))
    },
    answer: '416 InvalidRange',
  },
  {
    part,
    name: 'user metadata has lower-case names',
    async call(aws) {
      const Bucket = await newBucket(aws)
      await aws.s3.send(
        new PutObjectCommand({ Bucket, Key: 'a', Body: 'x', Metadata: { AcceptedAt: 'Now' } }),
      )
      return (await aws.s3.send(new HeadObjectCommand({ Bucket, Key: 'a' }))).Metadata
    },
    answer: { acceptedat: 'Now' },
  },
  {
    part,
    name: 'DeleteObject of a missing key succeeds',
    async call(aws) {
      const deleted = new DeleteObjectCommand({ Bucket: await newBucket(aws), Key: 'a' })
      return (await aws.s3.send(deleted)).$metadata.httpStatusCode
    },
    answer: 204,
  },
  {
    part,
    name: 'ListObjectsV2 is in the order of UTF-8 bytes',
    async call(aws) {
      const Bucket = await bucketWith(aws, 'é', 'z', 'Z', 'a/b', 'a-b', '￿', '😀')
      const { Contents } = await aws.s3.send(new ListObjectsV2Command({ Bucket }))
      return Contents?.map(({ Key }) => Key)
    },
    answer: ['Z', 'a-b', 'a/b', 'z', 'é', '￿', '😀'],
  },
  {
    part,
    name: 'ListObjectsV2 counts common prefixes in pages',
    async call(aws) {
      const Bucket = await bucketWith(aws, 'a/1', 'a/2', 'b', 'c/1')
      const options = { Bucket, Delimiter: '/', MaxKeys: 2 }
      const first = await aws.s3.send(new ListObjectsV2Command(options))
      const ContinuationToken = first.NextContinuationToken
      const second = await aws.s3.send(new ListObjectsV2Command({ ...options, ContinuationToken }))
      return [first, second].map(({ KeyCount, IsTruncated, CommonPrefixes, Contents }) => [
        KeyCount,
        IsTruncated,
        CommonPrefixes?.map(({ Prefix }) => Prefix),
        Contents?.map(({ Key }) => Key),
      ])
    },
    answer: [
      [2, true, ['a/'], ['b']],
      [1, false, ['c/'], undefined],
    ],
  },
  {
    part,
    name: 'PutObject with If-Match of its ETag overwrites',
    async call(aws) {
      const Bucket = await bucketWith(aws, 'a')
      const { ETag } = await aws.s3.send(new HeadObjectCommand({ Bucket, Key: 'a' }))
      return refusal(aws.s3.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'b', IfMatch: ETag })))
    },
    answer: 'accepted',
  },
  {
    part,
    name: 'of PutObjects with If-None-Match: * at the same time, one is accepted',
    async call(aws) {
      const Bucket = await newBucket(aws)
      const put = () =>
        refusal(aws.s3.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'b', IfNoneMatch: '*' })))
      const answers = await Promise.all(Array.from({ length: 8 }, put))
      return answers.filter((answer) => answer === 'accepted').length
    },
    answer: 1,
  },
  {
    part,
    name: 'CopyObject with an If-Match of another ETag is refused',
    async call(aws) {
      const Bucket = await bucketWith(aws, 'a')
      const copy = { Bucket, Key: 'b', CopySource: `${Bucket}/a`, CopySourceIfMatch: '"0"' }
      return refusal(aws.s3.send(new CopyObjectCommand(copy)))
    },
    answer: '412 PreconditionFailed',
  },
  {
    part,
    name: 'CopyObject of a missing object is refused',
    async call(aws) {
      const Bucket = await newBucket(aws)
      return refusal(aws.s3.send(new CopyObjectCommand({ Bucket, Key: 'b', CopySource: `${Bucket}/a` })))
    },
    answer: '404 NoSuchKey',
  },
  {
    part,
    name: 'CopyObject keeps type and metadata, or replaces both',
    async call(aws) {
      const Bucket = await newBucket(aws)
      const described = { ContentType: 'image/png', Metadata: { app: 'one' } }
      await aws.s3.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'x', ...described }))
      const copy = { Bucket, CopySource: `${Bucket}/a` }
      await aws.s3.send(new CopyObjectCommand({ ...copy, Key: 'kept' }))
      const replaced = {
        MetadataDirective: 'REPLACE',
        ContentType: 'image/gif',
        Metadata: { by: 'two' },
      } as const
      await aws.s3.send(new CopyObjectCommand({ ...copy, Key: 'replaced', ...replaced }))
      const heads = ['kept', 'replaced'].map((Key) => aws.s3.send(new HeadObjectCommand({ Bucket, Key })))
      return (await Promise.all(heads)).map(({ ContentType, Metadata }) => [ContentType, Metadata])
    },
    answer: [
      ['image/png', { app: 'one' }],
      ['image/gif', { by: 'two' }],
    ],
  },
  {
    part,
    name: 'HeadObject of a missing key',
    call: async (aws) =>
      refusal(aws.s3.send(new HeadObjectCommand({ Bucket: await newBucket(aws), Key: 'a' }))),
    answer: '404 NotFound',
  },
  {
    part,
    name: 'GetObject with If-Match of another ETag is refused',
    async call(aws) {
      const Bucket = await bucketWith(aws, 'a')
      return refusal(aws.s3.send(new GetObjectCommand({ Bucket, Key: 'a', IfMatch: '"0"' })))
    },
    answer: '412 PreconditionFailed',
  },
  {
    part,
    name: 'GetObject of a range that is longer than the object returns what there is',
    async call(aws) {
      const Bucket = await bucketWith(aws, '0123456789')
      const got = await aws.s3.send(new GetObjectCommand({ Bucket, Key: '0123456789', Range: 'bytes=8-99' }))
      return [got.$metadata.httpStatusCode, got.ContentRange, await got.Body?.transformToString()]
    },
    answer: [206, 'bytes 8-9/10', '89'],
  },
  {
    part,
    name: 'ListObjectsV2 starts after a key, which need not exist, under a prefix',
    async call(aws) {
      const Bucket = await bucketWith(aws, 'a/1', 'a/3', 'a/5', 'b/9')
      const lists = ['a/1', 'a/2', 'a/6'].map((StartAfter) =>
        aws.s3.send(new ListObjectsV2Command({ Bucket, Prefix: 'a/', StartAfter })),
      )
      return (await Promise.all(lists)).map(({ Contents = [] }) => Contents.map(({ Key }) => Key))
    },
    answer: [['a/3', 'a/5'], ['a/3', 'a/5'], []],
  },
  {
    part,
    name: 'ListObjectsV2 groups by any delimiter, after a prefix',
    async call(aws) {
      const Bucket = await bucketWith(aws, 'd/1-a', 'd/1-b', 'd/2-a', 'd/3', 'e/1-a')
      const list = new ListObjectsV2Command({ Bucket, Prefix: 'd/', Delimiter: '-' })
      const { CommonPrefixes, Contents } = await aws.s3.send(list)
      return [CommonPrefixes?.map(({ Prefix }) => Prefix), Contents?.map(({ Key }) => Key)]
    },
    answer: [['d/1-', 'd/2-'], ['d/3']],
  },
  {
    part,
    name: 'ListParts returns numbers and sizes',
    async call(aws) {
      const Bucket = await newBucket(aws)
      const { UploadId } = await aws.s3.send(new CreateMultipartUploadCommand({ Bucket, Key: 'a' }))
      for (const PartNumber of [2, 1]) {
        const Body = 'x'.repeat(PartNumber)
        await aws.s3.send(new UploadPartCommand({ Bucket, Key: 'a', UploadId, PartNumber, Body }))
      }
      const { Parts } = await aws.s3.send(new ListPartsCommand({ Bucket, Key: 'a', UploadId }))
      return Parts?.map(({ PartNumber, Size }) => [PartNumber, Size])
    },
    answer: [
      [1, 1],
      [2, 2],
    ],
  },
  {
    part,
    name: 'UploadPart of an unknown upload is refused',
    async call(aws) {
      const unknown = {
        Bucket: await newBucket(aws),
        Key: 'a',
        UploadId: 'unknown',
        PartNumber: 1,
        Body: 'x',
      }
      return refusal(aws.s3.send(new UploadPartCommand(unknown)))
    },
    answer: '404 NoSuchUpload',
  },
  {
    part,
    name: 'GetObject of more last bytes than there are returns all',
    async call(aws) {
      const Bucket = await bucketWith(aws, 'abc')
      const got = await aws.s3.send(new GetObjectCommand({ Bucket, Key: 'abc', Range: 'bytes=-9' }))
      return [got.ContentRange, await got.Body?.transformToString()]
    },
    answer: ['bytes 0-2/3', 'abc'],
  },
  {
    part,
    name: 'GetObject ignores what is no single range',
    async call(aws) {
      const Bucket = await bucketWith(aws, 'abc')
      const ranges = ['bytes=2-1', 'bytes=0-0,2-2', 'chars=0-0']
      return Promise.all(
        ranges.map(async (Range) => {
          const { Body } = await aws.s3.send(new GetObjectCommand({ Bucket, Key: 'abc', Range }))
          return Body?.transformToString()
        }),
      )
    },
    answer: ['abc', 'abc', 'abc'],
  },
  {
    part,
    name: 'GetObject answers with the headers that the query overrides',
    async call(aws) {
      const Bucket = await bucketWith(aws, 'a')
      const overrides = { ResponseContentType: 'image/webp', ResponseContentDisposition: 'attachment' }
      const got = await aws.s3.send(new GetObjectCommand({ Bucket, Key: 'a', ...overrides }))
      return [got.ContentType, got.ContentDisposition]
    },
    answer: ['image/webp', 'attachment'],
  },
  {
    part,
    name: 'HeadObject of a range has its length',
    async call(aws) {
      const Bucket = await bucketWith(aws, 'abc')
      const head = await aws.s3.send(new HeadObjectCommand({ Bucket, Key: 'abc', Range: 'bytes=1-' }))
      return head.ContentLength
    },
    answer: 2,
  },
  {
    part,
    name: 'HeadObject with If-None-Match of its ETag is not modified',
    async call(aws) {
      const Bucket = await bucketWith(aws, 'a')
      const { ETag } = await aws.s3.send(new HeadObjectCommand({ Bucket, Key: 'a' }))
      return (
        await refusal(aws.s3.send(new HeadObjectCommand({ Bucket, Key: 'a', IfNoneMatch: ETag })))
      ).split(' ')[0]
    },
    answer: '304',
  },
  {
    part,
    name: 'PutObject with a key of more than 1,024 bytes is refused',
    async call(aws) {
      const Bucket = await newBucket(aws)
      return refusal(aws.s3.send(new PutObjectCommand({ Bucket, Key: 'é'.repeat(513), Body: 'a' })))
    },
    answer: '400 KeyTooLongError',
  },
  {
    part,
    name: 'PutObject with user metadata of more than 2 KB is refused',
    async call(aws) {
      const object = { Bucket: await newBucket(aws), Key: 'a', Body: 'a', Metadata: { a: 'x'.repeat(2048) } }
      return refusal(aws.s3.send(new PutObjectCommand(object)))
    },
    answer: '400 MetadataTooLarge',
  },
  {
    part,
    name: 'CopyObject with an If-None-Match of its ETag is refused',
    async call(aws) {
      const Bucket = await bucketWith(aws, 'a')
      const { ETag } = await aws.s3.send(new HeadObjectCommand({ Bucket, Key: 'a' }))
      const copy = { Bucket, Key: 'b', CopySource: `${Bucket}/a`, CopySourceIfNoneMatch: ETag }
      return refusal(aws.s3.send(new CopyObjectCommand(copy)))
    },
    answer: '412 PreconditionFailed',
  },
  {
    part,
    name: 'CopyObject onto itself without a change is refused',
    async call(aws) {
      const Bucket = await bucketWith(aws, 'a')
      const copy = { Bucket, Key: 'a', CopySource: `${Bucket}/a` }
      return refusal(aws.s3.send(new CopyObjectCommand(copy)))
    },
    answer: '400 InvalidRequest',
  },
  {
    part,
    name: 'DeleteObject with If-Match of another ETag is refused',
    async call(aws) {
      const Bucket = await bucketWith(aws, 'a')
      return refusal(aws.s3.send(new DeleteObjectCommand({ Bucket, Key: 'a', IfMatch: '"0"' })))
    },
    answer: '412 PreconditionFailed',
  },
  {
    part,
    name: 'DeleteObjects deletes exactly the keys that it names',
    async call(aws) {
      const Bucket = await bucketWith(aws, '&lt;', '<', '&#60;')
      const Objects = [{ Key: '&lt;' }]
      await aws.s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }))
      const { Contents } = await aws.s3.send(new ListObjectsV2Command({ Bucket }))
      return Contents?.map(({ Key }) => Key)
    },
    answer: ['&#60;', '<'],
  },
  {
    part,
    name: 'DeleteObjects of more than 1,000 keys is refused',
    async call(aws) {
      const Bucket = await newBucket(aws)
      const Objects = Array.from({ length: 1001 }, (_, n) => ({ Key: `${n}` }))
      return refusal(aws.s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } })))
    },
    answer: '400 MalformedXML',
  },
  {
    part,
    name: 'ListObjects continues after the last key or common prefix of a page',
    async call(aws) {
      const Bucket = await bucketWith(aws, 'a', 'b/1', 'c/1', 'd')
      const page = { Bucket, Delimiter: '/', MaxKeys: 2 }
      const first = await aws.s3.send(new ListObjectsCommand(page))
      const next = await aws.s3.send(new ListObjectsCommand({ ...page, Marker: first.NextMarker }))
      return [first.NextMarker, next.CommonPrefixes?.map(({ Prefix }) => Prefix), next.IsTruncated]
    },
    answer: ['b/', ['c/'], false],
  },
  {
    part,
    name: 'ListObjectsV2 encodes keys with control characters on request',
    async call(aws) {
      const Bucket = await bucketWith(aws, 'a/\u0001 +é')
      const list = new ListObjectsV2Command({ Bucket, EncodingType: 'url' })
      return (await aws.s3.send(list)).Contents?.map(({ Key }) => decodeURIComponent(String(Key)))
    },
    answer: ['a/\u0001 +é'],
  },
]
