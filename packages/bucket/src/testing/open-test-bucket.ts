import { CreateBucketCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3'
import { startLocalAws } from '@darkroom/local-aws'
import { afterAll } from '@jest/globals'
import { openBucket } from '../bucket.ts'

/** An empty bucket on a local S3 of its own, for the tests of one file. */
export async function openTestBucket() {
  const aws = await startLocalAws()
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }
  const bucket = openBucket('darkroom-test', {
    endpoint: aws.endpoint,
    region: 'us-east-1',
    credentials,
    maxAttempts: 1,
  })
  await bucket.s3.send(new CreateBucketCommand({ Bucket: bucket.name }))
  afterAll(async () => {
    bucket.s3.destroy()
    await aws.stop()
  })
  return {
    bucket,
    async put(Key: string, Body: string | Uint8Array, more: object = {}): Promise<void> {
      await bucket.s3.send(
        new PutObjectCommand({ Bucket: bucket.name, Key, Body: Buffer.from(Body), ...more }),
      )
    },
    async storedKeys(): Promise<string[]> {
      const { Contents = [] } = await bucket.s3.send(new ListObjectsV2Command({ Bucket: bucket.name }))
      return Contents.map(({ Key = '' }) => Key)
    },
  }
}
