import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { type AwsClients, type ConformanceCase, refusal } from './conformance-case.ts'

const part = 'S3'
const Key = 'a'
/** Of every part but the last. */
const MIN_PART_BYTES = 5 * 1024 * 1024

/** An upload with parts of these sizes. */
async function uploadOf(aws: AwsClients, ...sizes: number[]) {
  const Bucket = aws.newName()
  await aws.s3.send(new CreateBucketCommand({ Bucket }))
  const { UploadId } = await aws.s3.send(new CreateMultipartUploadCommand({ Bucket, Key }))
  const Parts: { PartNumber: number; ETag: string | undefined }[] = []
  for (const [n, size] of sizes.entries()) {
    const numbered = { Bucket, Key, UploadId, PartNumber: n + 1, Body: Buffer.alloc(size) }
    const { ETag } = await aws.s3.send(new UploadPartCommand(numbered))
    Parts.push({ PartNumber: n + 1, ETag })
  }
  const complete = (parts: typeof Parts, more: object = {}) =>
    aws.s3.send(
      new CompleteMultipartUploadCommand({
        Bucket,
        Key,
        UploadId,
        MultipartUpload: { Parts: parts },
        ...more,
      }),
    )
  return { Bucket, UploadId, Parts, complete }
}

export const s3MultipartCases: ConformanceCase[] = [
  {
    part,
    name: 'CompleteMultipartUpload makes one object, whose ETag has the number of parts',
    async call(aws) {
      const { Bucket, Parts, complete } = await uploadOf(aws, MIN_PART_BYTES, 1)
      const { ETag } = await complete(Parts)
      const { ContentLength } = await aws.s3.send(new HeadObjectCommand({ Bucket, Key }))
      return [ContentLength, ETag?.split('-')[1]]
    },
    answer: [MIN_PART_BYTES + 1, '2"'],
  },
  {
    part,
    name: 'CompleteMultipartUpload with some of the parts leaves the others out',
    async call(aws) {
      const { Bucket, Parts, complete } = await uploadOf(aws, 1, 2)
      await complete(Parts.slice(1))
      return (await aws.s3.send(new HeadObjectCommand({ Bucket, Key }))).ContentLength
    },
    answer: 2,
  },
  {
    part,
    name: 'CompleteMultipartUpload with a part under 5 MiB before the last is refused',
    async call(aws) {
      const { Parts, complete } = await uploadOf(aws, 1, 1)
      return refusal(complete(Parts))
    },
    answer: '400 EntityTooSmall',
  },
  {
    part,
    name: 'CompleteMultipartUpload with parts in another order is refused',
    async call(aws) {
      const { Parts, complete } = await uploadOf(aws, 1, 1)
      return refusal(complete(Parts.toReversed()))
    },
    answer: '400 InvalidPartOrder',
  },
  {
    part,
    name: 'CompleteMultipartUpload with another ETag of a part is refused',
    async call(aws) {
      const { complete } = await uploadOf(aws, 1)
      return refusal(complete([{ PartNumber: 1, ETag: '"0"' }]))
    },
    answer: '400 InvalidPart',
  },
  {
    part,
    name: 'CompleteMultipartUpload with a part that was not uploaded is refused',
    async call(aws) {
      const { Parts, complete } = await uploadOf(aws, 1)
      return refusal(complete(Parts.map(({ ETag }) => ({ PartNumber: 2, ETag }))))
    },
    answer: '400 InvalidPart',
  },
  {
    part,
    name: 'CompleteMultipartUpload with If-None-Match: * refuses to overwrite',
    async call(aws) {
      const { Bucket, Parts, complete } = await uploadOf(aws, 1)
      await aws.s3.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }))
      return refusal(complete(Parts, { IfNoneMatch: '*' }))
    },
    answer: '412 PreconditionFailed',
  },
  {
    part,
    name: 'a part that is uploaded again replaces the first',
    async call(aws) {
      const { Bucket, UploadId, complete } = await uploadOf(aws, 1)
      const again = { Bucket, Key, UploadId, PartNumber: 1, Body: Buffer.alloc(3) }
      const { ETag } = await aws.s3.send(new UploadPartCommand(again))
      await complete([{ PartNumber: 1, ETag }])
      return (await aws.s3.send(new HeadObjectCommand({ Bucket, Key }))).ContentLength
    },
    answer: 3,
  },
  {
    part,
    name: 'ListMultipartUploads returns uploads that are not completed, under a prefix',
    async call(aws) {
      const { Bucket } = await uploadOf(aws, 1)
      await aws.s3.send(new CreateMultipartUploadCommand({ Bucket, Key: 'b/1' }))
      const { Uploads } = await aws.s3.send(new ListMultipartUploadsCommand({ Bucket, Prefix: 'b/' }))
      return Uploads?.map((upload) => upload.Key)
    },
    answer: ['b/1'],
  },
  {
    part,
    name: 'an upload that was aborted has no parts',
    async call(aws) {
      const { Bucket, UploadId } = await uploadOf(aws, 1)
      await aws.s3.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }))
      return refusal(aws.s3.send(new ListPartsCommand({ Bucket, Key, UploadId })))
    },
    answer: '404 NoSuchUpload',
  },
]
