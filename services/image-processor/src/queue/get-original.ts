import { GetObjectCommand, NoSuchKey } from '@aws-sdk/client-s3'
import { ProblemError, parseS3Uri } from '@darkroom/core'
import { s3 } from '../clients.ts'

/** @throws ProblemError `source-expired` if a lifecycle rule or a person deleted it */
export async function getOriginal(s3Uri: string): Promise<Uint8Array> {
  const location = parseS3Uri(s3Uri)
  if (!location) throw new Error(`not an S3 URI: ${s3Uri}`)
  try {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: location.bucket, Key: location.key }))
    if (!Body) throw new Error(`no body came with ${s3Uri}`)
    return await Body.transformToByteArray()
  } catch (cause) {
    if (!(cause instanceof NoSuchKey)) throw cause
    throw new ProblemError(
      'source-expired',
      'The original was deleted before it was processed. Upload it again.',
      { cause },
    )
  }
}
