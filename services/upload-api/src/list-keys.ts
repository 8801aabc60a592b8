import { ListObjectsV2Command } from '@aws-sdk/client-s3'
import { ProblemError } from '@darkroom/core'
import { s3 } from './clients.ts'
import { env } from './environment.ts'

export interface ListedObject {
  key: string
  /** To the second, on AWS. */
  written: Date
}

/**
 * The first keys below a prefix, in their order. One request to S3.
 *
 * @param limit at most 1000, as S3 has it
 * @throws ProblemError `storage-unavailable`
 */
export async function listKeys(prefix: string, limit: number, after: string | undefined): Promise<string[]> {
  return (await listObjects(prefix, limit, after)).map(({ key }) => key)
}

/** The same, with the time at which each was written. */
export async function listObjects(
  prefix: string,
  limit: number,
  after: string | undefined,
): Promise<ListedObject[]> {
  const list = new ListObjectsV2Command({
    Bucket: env.BUCKET,
    Prefix: prefix,
    MaxKeys: limit,
    StartAfter: after,
  })
  try {
    const { Contents = [] } = await s3.send(list)
    return Contents.map(({ Key = '', LastModified = new Date(0) }) => ({ key: Key, written: LastModified }))
  } catch (cause) {
    throw new ProblemError('storage-unavailable', 'The images could not be listed. Try again in a moment.', {
      cause,
    })
  }
}
