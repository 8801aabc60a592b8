import { CreateBucketCommand, CreateMultipartUploadCommand, S3Client } from '@aws-sdk/client-s3'
import { newImageId, uploadKey } from '@darkroom/core'
import { awsEnvironment, startLocalAws } from '@darkroom/local-aws'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { listMultipartUploads } from './uploads.ts'

const aws = await startLocalAws()
Object.assign(process.env, awsEnvironment(aws.endpoint))
const bucket = { s3: new S3Client(), name: 'uploads' }
beforeAll(() => bucket.s3.send(new CreateBucketCommand({ Bucket: bucket.name })))
afterAll(async () => {
  bucket.s3.destroy()
  await aws.stop()
})

test('all multipart uploads are listed, although S3 lists a thousand per request', async () => {
  const images = Array.from({ length: 1001 }, () => ({ app: 'web-app-1', imageId: newImageId(), bytes: 1 }))
  await Promise.all(
    images.map((image) =>
      bucket.s3.send(new CreateMultipartUploadCommand({ Bucket: bucket.name, Key: uploadKey(image) })),
    ),
  )
  const listed = await listMultipartUploads(bucket)
  expect(new Set(listed.map(({ imageId }) => imageId))).toEqual(new Set(images.map(({ imageId }) => imageId)))
  expect(listed).toHaveLength(1001)
})
