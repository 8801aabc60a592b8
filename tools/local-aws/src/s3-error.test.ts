import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { expect, test } from '@jest/globals'
import fastify from 'fastify'
import { localCredentials } from './aws-environment.ts'
import { sendS3Errors } from './s3-error.ts'

test("a failure of the server is S3's InternalError", async () => {
  const app = fastify()
  sendS3Errors(app)
  app.get('/*', () => {
    throw new Error('database or disk is full')
  })
  const endpoint = await app.listen({ port: 0, host: '127.0.0.1' })
  const s3 = new S3Client({
    endpoint,
    region: 'us-east-1',
    credentials: localCredentials,
    forcePathStyle: true,
    maxAttempts: 1,
  })
  await expect(s3.send(new GetObjectCommand({ Bucket: 'b', Key: 'k' }))).rejects.toMatchObject({
    name: 'InternalError',
    message: 'database or disk is full',
    $metadata: { httpStatusCode: 500 },
  })
  s3.destroy()
  await app.close()
})
