import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3'

const s3 = new S3Client({ forcePathStyle: true })

/** Stores each record in the bucket, with its value as the key. Reports records without a value as failed. */
export async function handler({ records }) {
  const batchItemFailures = []
  for (const { topic, partition, offset, value } of Object.values(records).flat()) {
    if (value === null) {
      batchItemFailures.push({ itemIdentifier: { partition: `${topic}-${partition}`, offset } })
      continue
    }
    const Key = Buffer.from(value, 'base64').toString()
    await s3.send(new PutObjectCommand({ Bucket: 'kafka-fixture-results', Key, Body: Key }))
  }
  return { batchItemFailures }
}
