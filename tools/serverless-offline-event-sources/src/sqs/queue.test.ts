import { expect, test } from '@jest/globals'
import { recordLog } from '../testing/record-log.ts'
import type { SqsMapping } from './mapping.ts'
import type { Queue } from './queue.ts'
import { checkQueue } from './queue.ts'

const standard = { name: 'q', visibilityTimeout: 180, isFifo: false } as Queue
const mapping = { batchSize: 10, batchingWindowSeconds: 0 } as SqsMapping

function check(queue: Partial<Queue>, settings: Partial<SqsMapping> = {}) {
  const { log, lines } = recordLog()
  const context = { functionKey: 'work', functionTimeoutSeconds: 30, log }
  checkQueue({ ...standard, ...queue }, { ...mapping, ...settings }, context)
  return lines
}

test('a valid queue logs nothing', () => {
  expect(check({})).toEqual([])
})

test('warns about a visibility timeout below the function’s timeout, with AWS’s recommendation', () => {
  const [line] = check({ visibilityTimeout: 29 }, { batchingWindowSeconds: 5 })
  expect(line?.level).toBe('warning')
  expect(line?.text).toMatch(/\(29 s\).*function work \(30 s\).*6 ×.*185 s/)
})

test.each([{ batchSize: 11 }, { batchingWindowSeconds: 1 }])('a FIFO queue rejects %j', (settings) => {
  expect(() => check({ isFifo: true }, settings)).toThrow(/FIFO/)
})
