import { S3Client } from '@aws-sdk/client-s3'
import { readEndpoints } from '@darkroom/local-stack/endpoints'

export interface Store {
  s3: S3Client
  bucket: string
}

/** The store of the running local stack, or a bucket on AWS by its name, with the environment's credentials. */
export async function openStore(bucketOnAws?: string): Promise<Store> {
  if (bucketOnAws !== undefined) return { s3: new S3Client({}), bucket: bucketOnAws }
  const { aws, bucket } = await readEndpoints()
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }
  return {
    s3: new S3Client({ endpoint: aws, region: 'us-east-1', credentials, forcePathStyle: true }),
    bucket,
  }
}
