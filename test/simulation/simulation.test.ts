/** Random histories of the deployed handlers under faults. `pnpm simulate:faults` runs more of them, and faster. */
import { expect, test } from '@jest/globals'
import { historyOf } from './history.ts'
import { runHistory } from './run-history.ts'
import { shrink } from './shrink.ts'
import type { Sabotage } from './world.ts'

async function findBreach(sabotage: Sabotage, first: number, count: number): Promise<number | undefined> {
  for (let seed = first; seed < first + count; seed++) {
    const { breaches } = await runHistory(historyOf(seed), { sabotage })
    if (breaches.length > 0) return seed
  }
  return undefined
}

test('a seed is one history, to the last step', async () => {
  const [once, again] = [await runHistory(historyOf(5)), await runHistory(historyOf(5))]
  expect(again.steps.length).toBeGreaterThan(40)
  expect(again).toEqual(once)
})

test.each<[string, Sabotage]>([
  ['conditional writes are unconditional', { unconditionalWrites: true }],
  ['the sweep never runs', { noSweep: true }],
  ['variants are acknowledged but not stored', { lostPrefix: 'processed/' }],
  ['an erasure forgets the variants', { keptPrefix: 'processed/' }],
  ['an erasure forgets the original', { keptPrefix: 'input/' }],
  ['uploads are not deleted', { keptPrefix: 'uploads/' }],
  ['messages are deleted before the image is done', { acknowledgedEarly: true }],
  ['an image is blamed for the first death of the engine', { blamedAtOnce: true }],
])(
  'the oracle sees it if %s',
  async (_, sabotage) => {
    expect(await findBreach(sabotage, 1, 200)).toBeDefined()
  },
  30_000,
)

test('a failing history shrinks to fewer steps that still fail', async () => {
  const sabotage: Sabotage = { keptPrefix: 'processed/' }
  const seed = (await findBreach(sabotage, 1, 200)) ?? 0
  const whole = await runHistory(historyOf(seed), { sabotage })
  const { verdict } = await shrink(historyOf(seed), sabotage)
  expect(verdict.breaches).not.toEqual([])
  expect(verdict.steps.length).toBeLessThan(whole.steps.length)
}, 30_000)
