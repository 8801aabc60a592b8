import { expect, test } from '@jest/globals'
import type { SQSRecord } from 'aws-lambda'
import { payloadBytes, splitByPayload } from './payload.ts'

const MiB = 1024 * 1024
const record = (body: string) => ({ body }) as SQSRecord

test('one event if everything fits', () => {
  const records = [record('a'), record('b')]
  expect(splitByPayload(records)).toEqual([records])
})

test('splits into as few events as possible, in order', () => {
  const records = Array.from({ length: 10 }, (_, i) => record(`${i}${'é'.repeat(MiB / 2)}`))
  const parts = splitByPayload(records)
  expect(parts.map((part) => part.length)).toEqual([5, 5])
  expect(parts.flat()).toEqual(records)
  for (const part of parts) expect(payloadBytes(part)).toBeLessThanOrEqual(6 * MiB)
})

test('sends a message that is too large alone', () => {
  const records = [record('a'), record('"'.repeat(4 * MiB)), record('b')]
  expect(splitByPayload(records).map((part) => part.length)).toEqual([1, 1, 1])
})
