import { describe, expect, test } from '@jest/globals'
import type { SQSRecord } from 'aws-lambda'
import { failedMessageIds } from './failed-message-ids.ts'

const records = [{ messageId: 'a' }, { messageId: 'b' }] as SQSRecord[]

describe('all succeeded', () => {
  test.each([[undefined], [null], [{}], [{ batchItemFailures: null }], [{ batchItemFailures: [] }]])(
    '%j',
    (response) => {
      expect(failedMessageIds(response, records)).toEqual(new Set())
    },
  )
})

test('some failed', () => {
  const response = { batchItemFailures: [{ itemIdentifier: 'b' }, { itemIdentifier: 'b' }] }
  expect(failedMessageIds(response, records)).toEqual(new Set(['b']))
})

describe('the whole batch failed', () => {
  test.each([
    ['text'],
    [7],
    [[]],
    [{ batchItemFailures: 'a' }],
    [{ batchItemFailures: ['a'] }],
    [{ batchItemFailures: [{ id: 'a' }] }],
    [{ batchItemFailures: [{ itemIdentifier: '' }] }],
    [{ batchItemFailures: [{ itemIdentifier: null }] }],
    [{ batchItemFailures: [{ itemIdentifier: 'a' }, { itemIdentifier: 'c' }] }],
  ])('%j', (response) => {
    expect(() => failedMessageIds(response, records)).toThrow(/batch response/)
  })
})
