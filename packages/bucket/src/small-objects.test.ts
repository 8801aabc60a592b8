import { expect, test } from '@jest/globals'
import { openSmallObjects } from './small-objects.ts'
import { openTestBucket } from './testing/open-test-bucket.ts'

const store = await openTestBucket()
const environment = { AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local', AWS_REGION: 'us-east-1' }
const endpoint = await (async () => {
  const { protocol = '', hostname, port } = (await store.bucket.s3.config.endpoint?.()) ?? {}
  return `${protocol}//${hostname}:${port}`
})()
const objects = openSmallObjects(store.bucket.name, { ...environment, AWS_ENDPOINT_URL: endpoint })

test('reads what is stored, and says what is not', async () => {
  await store.put('credentials/0000000000000001.json', '{"é": 1}')
  expect(await objects.getText('credentials/0000000000000001.json')).toBe('{"é": 1}')
  expect(await objects.getText('credentials/0000000000000002.json')).toBeUndefined()
})

test('writes an empty object', async () => {
  await objects.touch('credentials/0000000000000001.used')
  expect(await objects.getText('credentials/0000000000000001.used')).toBe('')
})

test('a bucket that does not exist is an error, and no missing object', async () => {
  const elsewhere = openSmallObjects('no-such-bucket', { ...environment, AWS_ENDPOINT_URL_S3: endpoint })
  await expect(elsewhere.getText('x')).rejects.toThrow('S3 answered 404 to GET x')
})
