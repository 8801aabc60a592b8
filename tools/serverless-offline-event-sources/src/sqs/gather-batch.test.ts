import { expect, test } from '@jest/globals'
import type { SQSRecord } from 'aws-lambda'
import { gatherBatch } from './gather-batch.ts'
import type { ReceiveRequest } from './messages.ts'

const MiB = 1024 * 1024
const record = (body: string) => ({ body }) as SQSRecord

/** A queue that returns `answers` one after another, then nothing. */
function queueOf(...answers: (SQSRecord[] | Error)[]) {
  const requests: ReceiveRequest[] = []
  const receive = async (request: ReceiveRequest) => {
    requests.push(request)
    const answer = answers.shift() ?? []
    if (answer instanceof Error) throw answer
    return answer
  }
  return { requests, receive }
}

test('without a window it receives once, at most ten messages', async () => {
  const queue = queueOf([record('a')])
  expect(await gatherBatch(queue.receive, { batchSize: 3, batchingWindowSeconds: 0 })).toHaveLength(1)
  expect(queue.requests).toEqual([{ maxMessages: 3, waitSeconds: 20 }])
})

test('the window starts with the first message', async () => {
  const queue = queueOf([])
  expect(await gatherBatch(queue.receive, { batchSize: 30, batchingWindowSeconds: 60 })).toEqual([])
  expect(queue.requests).toHaveLength(1)
})

test('within a window it receives until the batch is full', async () => {
  const queue = queueOf(Array(10).fill(record('a')), Array(4).fill(record('b')), [record('c')])
  expect(await gatherBatch(queue.receive, { batchSize: 15, batchingWindowSeconds: 5 })).toHaveLength(15)
  expect(queue.requests).toEqual([
    { maxMessages: 10, waitSeconds: 20 },
    { maxMessages: 5, waitSeconds: 5 },
    { maxMessages: 1, waitSeconds: 5 },
  ])
})

test('the payload limit ends the window', async () => {
  const large = record('x'.repeat(MiB))
  const queue = queueOf(Array(4).fill(large), Array(3).fill(large), [large])
  expect(await gatherBatch(queue.receive, { batchSize: 100, batchingWindowSeconds: 300 })).toHaveLength(7)
})

test('keeps messages that were received before a failure', async () => {
  const queue = queueOf([record('a')], new Error('gone'))
  expect(await gatherBatch(queue.receive, { batchSize: 100, batchingWindowSeconds: 300 })).toEqual([
    record('a'),
  ])
})

test('throws if the first receive fails', async () => {
  const queue = queueOf(new Error('gone'))
  await expect(gatherBatch(queue.receive, { batchSize: 10, batchingWindowSeconds: 0 })).rejects.toThrow(
    'gone',
  )
})
