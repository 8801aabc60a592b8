import { describe, expect, test } from '@jest/globals'
import type { FetchedRecord } from './assigned-partition.ts'
import { failedOffsets } from './failed-offsets.ts'

const record = (key: string, offset: number) => ({ partition: { key }, offset }) as FetchedRecord
const records = [record('my-topic-0', 15), record('my-topic-0', 16), record('my-topic-1', 3)]
const report = (...identifiers: unknown[]) => ({
  batchItemFailures: identifiers.map((itemIdentifier) => ({ itemIdentifier })),
})

describe('all succeeded', () => {
  test.each([[undefined], [null], [{}], [{ batchItemFailures: null }], [report()]])('%j', (response) => {
    expect(failedOffsets(response, records)).toEqual(new Map())
  })
})

test('returns the lowest offset of each partition, in both formats', () => {
  const response = report('my-topic-0-16', { partition: 'my-topic-0', offset: 15 }, 'my-topic-1-3')
  expect(failedOffsets(response, records)).toEqual(
    new Map([
      ['my-topic-0', 15],
      ['my-topic-1', 3],
    ]),
  )
})

describe('the whole batch failed', () => {
  test.each([
    ['text'],
    [{ batchItemFailures: 'a' }],
    [report('')],
    [report(null)],
    [report('my-topic-0')],
    [report('my-topic-0-17')],
    [report('other-0-15')],
    [report({ partition: 'my-topic-1', offset: 15 })],
  ])('%j', (response) => {
    expect(() => failedOffsets(response, records)).toThrow(/batch response/)
  })
})
