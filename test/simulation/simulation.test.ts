/** Random histories of the deployed handlers under faults. `pnpm simulate:faults` runs more of them, and faster. */
import { expect, test } from '@jest/globals'
import { historyOf } from './history.ts'
import { runHistory } from './run-history.ts'
import { SABOTAGES } from './sabotage.ts'
import { findFailing, shrink } from './shrink.ts'

test('a seed is one history, to the last step', async () => {
  const [once, again] = [await runHistory(historyOf(5)), await runHistory(historyOf(5))]
  expect(again.steps.length).toBeGreaterThan(40)
  expect(again).toEqual(once)
})

test('no history contradicts an earlier answer, loses an image, or leaves anything of an erased one', async () => {
  expect(await findFailing({}, 1, 25)).toBeUndefined()
})

/** `pnpm simulate:faults --sabotages` prints these seeds. A change of the handlers may move some of them a little. */
const SEEDS: Record<string, number> = {
  'conditional writes are unconditional': 22,
  'the sweep never runs': 4,
  'variants are acknowledged and lost': 1,
  'the document is written before the variants': 22,
  'an older preset writes over a newer one': 718,
  'an erasure forgets the variants': 4,
  'an erasure forgets the original': 4,
  'an erasure does not look for holds': 64,
  'an erased image is accepted again': 66,
  'uploads are not deleted': 3,
  'hashes do not expire': 11,
  'messages are deleted before the image is done': 22,
  'one death of the engine condemns an image': 1,
  'five receives condemn an image': 38,
  'the s3Uri of a message is believed': 15,
}

test.each(Object.entries(SABOTAGES))('the oracle sees it if %s', async (title, sabotage) => {
  const failing = await findFailing(sabotage, SEEDS[title] ?? 1, 30)
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
