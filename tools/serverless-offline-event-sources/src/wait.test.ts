import { expect, test } from '@jest/globals'
import { settlesWithin } from './wait.ts'

test.each([
  ['resolved', Promise.resolve()],
  ['rejected', Promise.reject(new Error('no'))],
])('a %s promise has settled', async (_, work) => {
  expect(await settlesWithin(60, work)).toBe(true)
})

test('a pending promise has not settled when the time is up', async () => {
  expect(await settlesWithin(0.01, new Promise(() => {}))).toBe(false)
})
