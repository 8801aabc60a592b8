import { S3Client } from '@aws-sdk/client-s3'
import { SQSClient } from '@aws-sdk/client-sqs'
import { readEndpoints } from '@darkroom/local-stack/endpoints'

/** Where the originals lie and where messages go. */
export interface Store {
  s3: S3Client
  sqs: SQSClient
  bucket: string
  queueUrl: string
  close(): void
}

/**
 * A deployment's, named by `BUCKET` and `QUEUE_URL` as the services know them, with the AWS SDK's own settings; else the
 * local stack's.
 *
 * @throws Error that says what to do where there is neither
 */
export async function openStore(): Promise<Store> {
  const { BUCKET: bucket, QUEUE_URL: queueUrl } = process.env
  if (bucket && queueUrl) return storeOf(new S3Client({}), new SQSClient({}), bucket, queueUrl)
  if (bucket || queueUrl) throw new Error('set both BUCKET and QUEUE_URL for a deployment, or neither')
  const { aws: endpoint, ...local } = await readEndpoints()
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }
  const settings = { endpoint, region: 'us-east-1', credentials }
  const s3 = new S3Client({ ...settings, forcePathStyle: true })
  return storeOf(s3, new SQSClient(settings), local.bucket, local.queueUrl)
}

function storeOf(s3: S3Client, sqs: SQSClient, bucket: string, queueUrl: string): Store {
  const close = () => {
    s3.destroy()
    sqs.destroy()
  }
  return { s3, sqs, bucket, queueUrl, close }
}
