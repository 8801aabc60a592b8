import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import { text } from 'node:stream/consumers'
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { CreateQueueCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs'
import { describe, expect, test } from '@jest/globals'
import { startLocalAws } from './start-local-aws.ts'
import { s3For, sqsFor } from './test-clients.ts'

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

describe('startLocalAws', () => {
  test('picks a free port', async () => {
    const aws = await startLocalAws()
    expect(aws.endpoint).toBe(`http://127.0.0.1:${aws.port}`)
    expect((await fetch(`${aws.endpoint}/health`)).status).toBe(200)
    await aws.stop()
  })

  test('is not reachable from other machines', async () => {
    const aws = await startLocalAws()
    const outside = Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .filter(({ family, internal }) => family === 'IPv4' && !internal)
    for (const { address } of outside) {
      await expect(fetch(`http://${address}:${aws.port}/health`)).rejects.toThrow()
    }
    await aws.stop()
  })

  test('names a port that is in use', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as { port: number }
    const failure = await startLocalAws({ port }).catch((error) => error)
    other.close()
    expect(failure).toMatchObject({
      message: `Local AWS cannot listen on 127.0.0.1:${port}: the port is in use.`,
      cause: { code: 'EADDRINUSE' },
    })
  })

  test.each([
    ['headers', 'GET /health HTTP/1.1\r\nhost: localhost\r\nx-slow: '],
    ['body', 'PUT /bucket/key HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\r\n1234'],
  ])('ends a connection that does not send the rest of its %s', async (_, half) => {
    const aws = await startLocalAws({
      arrival: { headersTimeout: 50, requestTimeout: 100, connectionsCheckingInterval: 50 },
    })
    const socket = connect(aws.port, '127.0.0.1')
    socket.setTimeout(4_000, () => socket.destroy())
    socket.write(half)
    try {
      expect(await text(socket)).toMatch(/HTTP\/1\.1 408 /)
    } finally {
      await aws.stop()
    }
  })

  test('accepts a body of 40 MB', async () => {
    const aws = await startLocalAws()
    const s3 = s3For(aws.endpoint)
    const Body = randomBytes(40_000_000)
    await s3.send(new CreateBucketCommand({ Bucket: 'large' }))
    await s3.send(new PutObjectCommand({ Bucket: 'large', Key: 'panorama', Body }))
    const read = await s3.send(new GetObjectCommand({ Bucket: 'large', Key: 'panorama' }))
    expect(sha256((await read.Body?.transformToByteArray()) ?? Buffer.of())).toBe(sha256(Body))
    await aws.stop()
  })

  test('stops at once while a long poll is open', async () => {
    const aws = await startLocalAws()
    const sqs = sqsFor(aws.endpoint)
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'quiet' }))
    const poll = sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 }))
    const ended = Promise.allSettled([poll])
    await sqs.send(new CreateQueueCommand({ QueueName: 'another' }))
    await aws.stop()
    await ended
  }, 5_000)

  test('stop is idempotent', async () => {
    const aws = await startLocalAws()
    await aws.stop()
    await expect(aws.stop()).resolves.toBeUndefined()
  })
})
