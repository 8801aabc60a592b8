import { expect, test } from '@jest/globals'
import { recordLog } from '../testing/record-log.ts'
import { checkQueue } from './check-queue.ts'
import type { Queue } from './find-queue.ts'
import type { SqsMapping } from './sqs-mapping.ts'

const standard = { name: 'q', visibilityTimeout: 180, isFifo: false } as Queue
const mapping = { batchSize: 10, batchingWindow: 0 } as SqsMapping

function check(queue: Partial<Queue>, settings: Partial<SqsMapping> = {}) {
  const { log, lines } = recordLog()
  const context = { functionKey: 'work', functionTimeout: 30, log }
  checkQueue({ ...standard, ...queue }, { ...mapping, ...settings }, context)
  return lines
}

test('a queue that suits the function is not remarked upon', () => {
  expect(check({})).toEqual([])
})

test('a visibility timeout below the function’s is warned about, with AWS’s advice', () => {
  const [line] = check({ visibilityTimeout: 29 }, { batchingWindow: 5 })
  expect(line?.level).toBe('warning')
  expect(line?.text).toMatch(/\(29 s\).*function work \(30 s\).*6 ×.*185 s/)
})

test.each([{ batchSize: 11 }, { batchingWindow: 1 }])('a FIFO queue refuses %j', (settings) => {
  expect(() => check({ isFifo: true }, settings)).toThrow(/FIFO/)
})
