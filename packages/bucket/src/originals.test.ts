import { createHash, createHmac } from 'node:crypto'
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { startLocalAws } from '@darkroom/local-aws'
import { afterAll, expect, test } from '@jest/globals'
import { signWithHash } from './originals.ts'

const hashed: unknown[] = []

/** The SDK's hash, or with a key its HMAC, but it records its input. */
class RecordingHash {
  #hash
  readonly #key: Buffer | string | undefined

  constructor(key?: ArrayBuffer | ArrayBufferView | string) {
    this.#key = typeof key === 'object' ? Buffer.from(key as Uint8Array) : key
    this.#hash = this.#start()
  }

  update(data: Uint8Array | string): void {
    hashed.push(data)
    this.#hash.update(data)
  }

  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#hash.digest())
  }

  reset(): void {
    this.#hash = this.#start()
  }

  #start() {
    return this.#key === undefined ? createHash('sha256') : createHmac('sha256', this.#key)
  }
}

const aws = await startLocalAws()
const s3 = new S3Client({
  region: 'us-east-1',
  credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  endpoint: aws.endpoint,
  sha256: RecordingHash,
})
afterAll(async () => {
  s3.destroy()
  await aws.stop()
})

test('a body with a known hash is signed with it, and not hashed again', async () => {
  const Bucket = 'signed'
  await s3.send(new CreateBucketCommand({ Bucket }))
  const Body = Buffer.from('the bytes of an image')
  const digest = createHash('sha256').update(Body).digest()
  const input = { Bucket, Body, ChecksumSHA256: digest.toString('base64') }

  await s3.send(new PutObjectCommand({ ...input, Key: 'as-usual' }))
  expect(hashed).toContain(Body)
  hashed.length = 0
  const put = new PutObjectCommand({ ...input, Key: 'with-hash' })
  signWithHash(put, digest.toString('hex'))
  await s3.send(put)
  expect(hashed).not.toContain(Body)
  expect(
    hashed.filter((data) => Buffer.from(data as Uint8Array).includes(digest.toString('hex'))),
  ).not.toEqual([])
})
