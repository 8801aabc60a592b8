/** Random histories of the deployed handlers under faults. `pnpm simulate:faults` runs more of them, and faster. */
import { expect, test } from '@jest/globals'
import { historyOf } from './history.ts'
import { runHistory } from './run-history.ts'
import { SABOTAGES } from './sabotage.ts'
import { findFailing, shrink } from './shrink.ts'

test('a seed is one history: each step, key and byte', async () => {
  // The others refuse pictures, and remember that.
  for (const seed of [5, 10, 11]) {
    const [once, again] = [await runHistory(historyOf(seed)), await runHistory(historyOf(seed))]
    expect(again).toEqual(once)
  }
  const [five, six] = [await runHistory(historyOf(5)), await runHistory(historyOf(6))]
  expect(five.steps.length).toBeGreaterThan(40)
  expect(six.trace).not.toBe(five.trace)
})

test('no history contradicts an earlier answer, loses an image, or leaves anything of an erased one', async () => {
  expect(await findFailing({}, 1, 25)).toBeUndefined()
})

/**
 * A variant was tidied while it was written again; a variant was written after its attempt had failed; dead letters replaced
 * the reason why an image had failed, and did not delete what the last attempt had left; an upload was refused after its original
 * was stored, because its hash could not be; a hold that was placed again did not look for the erasure that the first attempt had seen;
 * the hash was stored after the erasure had deleted it, twice; an attempt crashed after it had written variants, and another delivery of its
 * message had ended; a refused record was stored after another one had deleted its link; an outage of S3 covered both runs of the
 * reconcile that looked at a day; a failed request of the reconcile left an upload, all of whose parts were there; an attempt at a
 * failed image that was sent again crashed after its message had become a dead letter.
 */
test.each([
  16_044, 1_701, 21, 128, 1_125, 131_769, 131_972, 73_356, 329_986, 722_754, 1_117_587, 221, 2_048_379,
])('seed %i, which once broke a promise, keeps them', async (seed) => {
  expect(await findFailing({}, seed, 1)).toBeUndefined()
})

test.each(Object.entries(SABOTAGES))('the oracle sees it if %s', async (_, { seed, sabotage }) => {
  // A change of the handlers may move the seed a little.
  const failing = await findFailing(sabotage, seed, 30)
  expect(failing).toBeDefined()
  expect(await findFailing({}, failing?.seed ?? 0, 1)).toBeUndefined()
})

test('a failing history shrinks to fewer steps that still fail', async () => {
  const sabotage = { keptPrefix: 'processed/' }
  const { seed = 0 } = (await findFailing(sabotage, 4, 200)) ?? {}
  const whole = await runHistory(historyOf(seed), { sabotage })
  const { verdict } = await shrink(historyOf(seed), sabotage)
  expect(verdict.breaches).not.toEqual([])
  expect(verdict.steps.length).toBeLessThan(whole.steps.length)
})
