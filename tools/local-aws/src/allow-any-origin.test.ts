import { CreateBucketCommand, GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type LocalAws, startLocalAws } from './start-local-aws.ts'
import { s3For } from './test-clients.ts'

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

const linkTo = (Key: string) =>
  getSignedUrl(s3For(aws.endpoint), new GetObjectCommand({ Bucket: 'web', Key }))

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
    const answer = await fetch(await linkTo('a.txt'), { headers: { origin } })
    expect(await answer.text()).toBe('seen')
    expect(answer.headers.get('access-control-allow-origin')).toBe('*')
    expect(list(answer, 'access-control-expose-headers')).toEqual(
      expect.arrayContaining(['ETag', 'Location', 'x-amz-request-id']),
    )
  })

  test('a page may read an error', async () => {
    const answer = await fetch(await linkTo('absent'), { headers: { origin } })
    expect(answer.status).toBe(404)
    expect(answer.headers.get('access-control-allow-origin')).toBe('*')
  })
})
