import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3'

const s3 = new S3Client({ forcePathStyle: true })

/** Puts each message into the bucket under its body. */
export async function handler({ Records }) {
  for (const { body, messageId } of Records) {
    await s3.send(new PutObjectCommand({ Bucket: 'fixture-results', Key: body, Body: messageId }))
  }
  return { batchItemFailures: [] }
}
