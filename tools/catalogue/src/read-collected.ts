import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import { listCollected } from '@darkroom/bucket'
import { pMapIterable } from 'p-map'

const MAX_CONCURRENT_READS = 32
const decompress = promisify(gunzip)

/**
 * Reads the lines of every new file of collected events of a kind.
 *
 * @param files the keys of files that were read; new ones are added
 */
export async function* readCollectedLines(
  s3: S3Client,
  bucket: string,
  kind: string,
  files: Set<string>,
): AsyncGenerator<string> {
  const added: string[] = []
  for await (const { key } of listCollected({ s3, name: bucket }, kind)) if (!files.has(key)) added.push(key)
  const read = async (Key: string) => {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key }))
    return {
      key: Key,
      text: String(await decompress((await Body?.transformToByteArray()) ?? new Uint8Array())),
    }
  }
  for await (const { key, text } of pMapIterable(added, read, { concurrency: MAX_CONCURRENT_READS })) {
    yield text
    files.add(key)
  }
}
