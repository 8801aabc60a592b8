import { GetObjectCommand, HeadObjectCommand, paginateListObjectsV2, S3Client } from '@aws-sdk/client-s3'
import { MetadataDocument, metadataKey } from '@darkroom/core'

export const APP = 'web-app-2'

export type Bucket = ReturnType<typeof openBucket>

/** Reads the bucket for the tests. */
export function openBucket(endpoint: string, name: string) {
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }
  const s3 = new S3Client({ endpoint, region: 'us-east-1', credentials })

  /** Key, ETag and time of every object under a prefix. Two writes differ at least in their time. */
  const list = async (prefix: string): Promise<Map<string, string>> => {
    const objects = new Map<string, string>()
    for await (const { Contents = [] } of paginateListObjectsV2(
      { client: s3 },
      { Bucket: name, Prefix: prefix },
    )) {
      for (const { Key = '', ETag, LastModified } of Contents) {
        objects.set(Key, `${ETag} ${LastModified?.toISOString()}`)
      }
    }
    return objects
  }

  return {
    list,

    readDocument: async (imageId: string): Promise<MetadataDocument> => {
      const Key = metadataKey({ app: APP, imageId })
      const { Body } = await s3.send(new GetObjectCommand({ Bucket: name, Key }))
      return MetadataDocument.parse(JSON.parse((await Body?.transformToString()) ?? ''))
    },

    reasonOf: async (key: string): Promise<string | undefined> =>
      (await s3.send(new HeadObjectCommand({ Bucket: name, Key: key }))).Metadata?.reason,
  }
}
