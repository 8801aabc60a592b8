import {
  CreateBucketCommand,
  DeleteObjectTaggingCommand,
  GetObjectCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
} from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { expect, test } from '@jest/globals'
import { startLocalAws } from './start-local-aws.ts'
import { s3For } from './test-clients.ts'

const object = { Bucket: 'presigned', Key: 'a.txt' }
const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000)

test('a presigned URL expires', async () => {
  const aws = await startLocalAws()
  const s3 = s3For(aws.endpoint)
  await s3.send(new CreateBucketCommand({ Bucket: object.Bucket }))
  const signed = (command: PutObjectCommand | GetObjectCommand, age: number) =>
    getSignedUrl(s3, command, { expiresIn: 600, signingDate: minutesAgo(age) })

  const put = new PutObjectCommand(object)
  expect((await fetch(await signed(put, 9), { method: 'PUT', body: 'in time' })).status).toBe(200)
  const late = await fetch(await signed(put, 11), { method: 'PUT', body: 'too late' })
  expect(late.status).toBe(403)
  const document = await late.text()
  expect(document).toContain('<Code>AccessDenied</Code>')
  expect(document).toContain('<Message>Request has expired</Message>')

  expect((await fetch(await signed(new GetObjectCommand(object), 11))).status).toBe(403)
  const got = await fetch(await signed(new GetObjectCommand(object), 9))
  expect(await got.text()).toBe('in time')
  await aws.stop()
})

test('tagging is rejected and does not change the object', async () => {
  const aws = await startLocalAws()
  const s3 = s3For(aws.endpoint)
  const object = { Bucket: 'tagged', Key: 'a.txt' }
  await s3.send(new CreateBucketCommand({ Bucket: object.Bucket }))
  await s3.send(new PutObjectCommand({ ...object, Body: 'untouched' }))
  const refused = { name: 'NotImplemented', $metadata: { httpStatusCode: 501 } }
  const Tagging = { TagSet: [{ Key: 'k', Value: 'v' }] }
  await expect(s3.send(new PutObjectTaggingCommand({ ...object, Tagging }))).rejects.toMatchObject(refused)
  await expect(s3.send(new DeleteObjectTaggingCommand(object))).rejects.toMatchObject(refused)
  const { Body } = await s3.send(new GetObjectCommand(object))
  expect(await Body?.transformToString()).toBe('untouched')
  await aws.stop()
})
