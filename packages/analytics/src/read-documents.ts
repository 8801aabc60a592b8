import { GetObjectCommand, paginateListObjectsV2, type S3Client } from '@aws-sdk/client-s3'
import { parseMetadataKey } from '@darkroom/core'

const SIDE_BY_SIDE = 32

/** Every metadata document as a line of JSON, with the date of its partition as `dt`. */
export async function* readDocuments(s3: S3Client, bucket: string): AsyncGenerator<string> {
  const list = { Bucket: bucket, Prefix: 'metadata/' }
  for await (const { Contents = [] } of paginateListObjectsV2({ client: s3 }, list)) {
    const keys = Contents.flatMap(({ Key = '' }) => (parseMetadataKey(Key) ? Key : []))
    for (let at = 0; at < keys.length; at += SIDE_BY_SIDE) {
      yield* await Promise.all(keys.slice(at, at + SIDE_BY_SIDE).map((key) => readDocument(s3, bucket, key)))
    }
  }
}

async function readDocument(s3: S3Client, bucket: string, key: string): Promise<string> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }))
  const document = JSON.parse((await Body?.transformToString()) ?? '')
  return `${JSON.stringify({ ...document, dt: /\/dt=([^/]+)\//.exec(key)?.[1] })}\n`
}
