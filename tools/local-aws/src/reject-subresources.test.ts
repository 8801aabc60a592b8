import {
  CreateBucketCommand,
  DeleteObjectTaggingCommand,
  GetObjectCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
} from '@aws-sdk/client-s3'
import { expect, test } from '@jest/globals'
import { startLocalAws } from './start-local-aws.ts'
import { s3For } from './test-clients.ts'

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
