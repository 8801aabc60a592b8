import { expect, test } from '@jest/globals'
import type { AssignedPartition } from './assigned-partition.ts'
import { planBatch } from './next-batch.ts'

const MiB = 1024 * 1024

function partition(turn: number, ...sizes: number[]): AssignedPartition {
  return { turn, records: sizes.map((payloadBytes) => ({ payloadBytes })) } as unknown as AssignedPartition
}

function plan(partitions: AssignedPartition[], batchSize = 100) {
  const { takes, isFull } = planBatch(partitions, batchSize)
  return { counts: takes.map(([{ turn }, count]) => [turn, count]), isFull }
}

test('no records, no batch', () => {
  expect(plan([partition(0)])).toEqual({ counts: [], isFull: false })
})

test('takes all records, longest-waiting partitions first', () => {
  expect(plan([partition(2, 1, 1), partition(1, 1)])).toEqual({
    counts: [
      [1, 1],
      [2, 2],
    ],
    isFull: false,
  })
})

test.each([2, 3])('at most %j records', (batchSize) => {
  expect(plan([partition(1, 1, 1, 1)], batchSize)).toEqual({ counts: [[1, batchSize]], isFull: true })
})

test('at most the maximum payload', () => {
  expect(plan([partition(1, 3 * MiB), partition(2, 2 * MiB, 2 * MiB, 1)])).toEqual({
    counts: [
      [1, 1],
      [2, 1],
    ],
    isFull: true,
  })
})

test('a record that is too large is taken alone', () => {
  expect(plan([partition(1, 1, 7 * MiB)])).toEqual({ counts: [[1, 1]], isFull: true })
  expect(plan([partition(1, 7 * MiB, 1)])).toEqual({ counts: [[1, 1]], isFull: true })
})
