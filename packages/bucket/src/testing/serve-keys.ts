import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Bucket, openBucket } from '../bucket.ts'

/**
 * A bucket that only answers ListObjectsV2, with the order, the limits and the common prefixes of S3, from keys in memory:
 * for more keys than a test can store. `keys` must be sorted and can be replaced at any time.
 */
export async function serveKeys() {
  const state: { keys: string[]; listings: number } = { keys: [], listings: 0 }
  const server = createServer((request, response) => {
    state.listings++
    const query = new URL(request.url ?? '/', 'http://localhost').searchParams
    response.setHeader('content-type', 'application/xml').end(listObjects(state.keys, query))
  })
  // Sorting many keys blocks this process for longer than the default.
  server.keepAliveTimeout = 60_000
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const bucket: Bucket = openBucket('keys', {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    maxAttempts: 1,
  })
  return {
    bucket,
    state,
    async stop(): Promise<void> {
      bucket.s3.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function listObjects(keys: string[], query: URLSearchParams): string {
  const prefix = query.get('prefix') ?? ''
  const delimiter = query.get('delimiter')
  const startAfter = query.get('start-after') ?? ''
  const maxKeys = Number(query.get('max-keys') ?? 1_000)
  const found: string[] = []
  let index = firstIndex(keys, (key) => key > startAfter && key >= prefix)
  while (index < keys.length && keys[index]?.startsWith(prefix) && found.length < maxKeys) {
    const key = keys[index] ?? ''
    const end = delimiter ? key.indexOf(delimiter, prefix.length) : -1
    if (delimiter && end >= 0) {
      const common = key.slice(0, end + delimiter.length)
      found.push(`<CommonPrefixes><Prefix>${common}</Prefix></CommonPrefixes>`)
      index = firstIndex(keys, (other) => other > common && !other.startsWith(common))
    } else {
      found.push(`<Contents><Key>${key}</Key><Size>1</Size></Contents>`)
      index++
    }
  }
  const isTruncated = index < keys.length && keys[index]?.startsWith(prefix)
  return `<ListBucketResult><IsTruncated>${isTruncated}</IsTruncated>${found.join('')}</ListBucketResult>`
}

/** `keys.length` if there is none. */
function firstIndex(keys: string[], isAfter: (key: string) => boolean): number {
  let [low, high] = [0, keys.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (isAfter(keys[middle] ?? '')) high = middle
    else low = middle + 1
  }
  return low
}
