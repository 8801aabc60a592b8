import {
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
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
]
