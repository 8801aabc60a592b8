import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3'

const s3 = new S3Client({ forcePathStyle: true })

/** Stores each message in the bucket, with its body as the key. */
export async function handler({ Records }) {
  for (const { body, messageId } of Records) {
    await s3.send(new PutObjectCommand({ Bucket: 'fixture-results', Key: body, Body: messageId }))
  }
  return { batchItemFailures: [] }
}
