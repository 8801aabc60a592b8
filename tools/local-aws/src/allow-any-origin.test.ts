import { CreateBucketCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type LocalAws, startLocalAws } from './start-local-aws.ts'
import { s3For, signed } from './test-clients.ts'

const origin = 'http://localhost:5173'

let aws: LocalAws
beforeAll(async () => {
  aws = await startLocalAws()
  const s3 = s3For(aws.endpoint)
  await s3.send(new CreateBucketCommand({ Bucket: 'web' }))
  await s3.send(new PutObjectCommand({ Bucket: 'web', Key: 'a.txt', Body: 'seen' }))
})
afterAll(() => aws.stop())

const preflight = (path: string, method: string) =>
  fetch(`${aws.endpoint}${path}`, {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': method,
      'access-control-request-headers': 'content-type,x-amz-meta-sha256',
    },
  })

const list = (answer: Response, header: string) => answer.headers.get(header)?.split(/, */) ?? []

describe('CORS', () => {
  test.each([
    ['/web/input/demo/2026-01-01/x', 'PUT'],
    ['/web', 'POST'],
    ['/', 'POST'],
    ['/nowhere/at/all', 'DELETE'],
  ])('preflight of %s for %s is 204', async (path, method) => {
    const answer = await preflight(path, method)
    expect(answer.status).toBe(204)
    expect(answer.headers.get('access-control-allow-origin')).toBe('*')
    expect(list(answer, 'access-control-allow-methods')).toEqual(['GET', 'HEAD', 'PUT', 'POST', 'DELETE'])
    expect(list(answer, 'access-control-allow-headers')).toEqual(['content-type', 'x-amz-meta-sha256'])
  })

  test('a page may read an object and its ETag', async () => {
    const answer = await fetch(`${aws.endpoint}/web/a.txt`, { headers: { ...signed, origin } })
    expect(await answer.text()).toBe('seen')
    expect(answer.headers.get('access-control-allow-origin')).toBe('*')
    expect(list(answer, 'access-control-expose-headers')).toEqual(
      expect.arrayContaining(['ETag', 'Location', 'x-amz-request-id']),
    )
  })

  test('a page may read an error', async () => {
    const answer = await fetch(`${aws.endpoint}/web/absent`, { headers: { ...signed, origin } })
    expect(answer.status).toBe(404)
    expect(answer.headers.get('access-control-allow-origin')).toBe('*')
  })
})
