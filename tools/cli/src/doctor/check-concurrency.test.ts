import { expect, test } from '@jest/globals'
import { checkConcurrency } from './check-concurrency.ts'

const textsOf = (all: number, unreserved: number) =>
  checkConcurrency({ ConcurrentExecutions: all, UnreservedConcurrentExecutions: unreserved }, 50).map(
    ({ level, text }) => `${level}: ${text.split(/[.,:]/)[0]}`,
  )

test.each([
  [10, 10, ['warning: The account runs 10 functions at once']],
  [149, 149, ['warning: The account runs 149 functions at once']],
  [150, 150, ['ok: concurrency']],
  [499, 499, ['ok: concurrency']],
  [
    500,
    500,
    ['ok: concurrency', 'warning: Requests that wait can use all of the concurrency of the account'],
  ],
  [
    1000,
    1000,
    ['ok: concurrency', 'warning: Requests that wait can use all of the concurrency of the account'],
  ],
  [1000, 600, ['ok: concurrency']],
  [500, 100, ['warning: The account runs 100 functions at once']],
])('an account with a concurrency of %i, of which %i are not reserved: %j', (all, unreserved, findings) => {
  expect(textsOf(all, unreserved)).toEqual(findings)
})

test('the warning about waiting requests says what to set', () => {
  const [, waiting] = checkConcurrency(
    { ConcurrentExecutions: 1000, UnreservedConcurrentExecutions: 1000 },
    50,
  )
  expect(waiting).toMatchObject({ advice: expect.stringContaining('statusConcurrency of upload-api') })
})
