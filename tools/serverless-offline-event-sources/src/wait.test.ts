import { expect, test } from '@jest/globals'
import { within } from './within.ts'

test.each([
  ['resolved', Promise.resolve()],
  ['rejected', Promise.reject(new Error('no'))],
])('work that has %s is in time', async (_, work) => {
  expect(await within(60, work)).toBe(true)
})

test('work that never ends is not', async () => {
  expect(await within(0.01, new Promise(() => {}))).toBe(false)
})
