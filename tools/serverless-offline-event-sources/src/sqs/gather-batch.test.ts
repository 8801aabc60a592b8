import { expect, test } from '@jest/globals'
import type { SQSRecord } from 'aws-lambda'
import { gatherBatch } from './gather-batch.ts'
import type { ReceiveRequest } from './receive-messages.ts'

const MiB = 1024 * 1024
const record = (body: string) => ({ body }) as SQSRecord

/** A queue that gives `answers` one after another, then nothing more. */
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

test('without a window it asks once, for the batch or for ten', async () => {
  const queue = queueOf([record('a')])
  expect(await gatherBatch(queue.receive, { batchSize: 3, batchingWindow: 0 })).toHaveLength(1)
  expect(queue.requests).toEqual([{ atMost: 3, waitSeconds: 20 }])
})

test('a window opens with the first message, not before', async () => {
  const queue = queueOf([])
  expect(await gatherBatch(queue.receive, { batchSize: 30, batchingWindow: 60 })).toEqual([])
  expect(queue.requests).toHaveLength(1)
})

test('within a window it asks for what is missing', async () => {
  const queue = queueOf(Array(10).fill(record('a')), Array(4).fill(record('b')), [record('c')])
  expect(await gatherBatch(queue.receive, { batchSize: 15, batchingWindow: 5 })).toHaveLength(15)
  expect(queue.requests).toEqual([
    { atMost: 10, waitSeconds: 20 },
    { atMost: 5, waitSeconds: 5 },
    { atMost: 1, waitSeconds: 5 },
  ])
})

test('a full payload ends the window', async () => {
  const large = record('x'.repeat(MiB))
  const queue = queueOf(Array(4).fill(large), Array(3).fill(large), [large])
  expect(await gatherBatch(queue.receive, { batchSize: 100, batchingWindow: 300 })).toHaveLength(7)
})

test('what was received before a failure is kept', async () => {
  const queue = queueOf([record('a')], new Error('gone'))
  expect(await gatherBatch(queue.receive, { batchSize: 100, batchingWindow: 300 })).toEqual([record('a')])
})

test('a failure with nothing received is the caller’s', async () => {
  const queue = queueOf(new Error('gone'))
  await expect(gatherBatch(queue.receive, { batchSize: 10, batchingWindow: 0 })).rejects.toThrow('gone')
})
