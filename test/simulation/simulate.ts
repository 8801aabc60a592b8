/**
 * `pnpm simulate:faults`: runs random histories of the deployed handlers, and checks what is left of each.
 *
 *   --seed N      of the first history (1)
 *   --count N     how many (2000)
 *   --trace       prints the shortest history that still fails, step by step, for
 *                 the first seed of each kind of breach
 *   --branches    also finds out in which branches of the handlers it crashed,
 *                 which takes twice the time
 *   --sabotages   instead: for each sabotage the first seed that finds it
 *   --json FILE   writes the results, for `pnpm reliability`
 */

import { mkdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { scriptOptions } from '@darkroom/terminal'
import type { History } from './history.ts'

const { values } = scriptOptions(import.meta.filename, {
  options: {
    seed: { type: 'string', default: '1' },
    count: { type: 'string', default: '2000' },
    trace: { type: 'boolean', default: false },
    json: { type: 'string' },
    branches: { type: 'boolean', default: false },
    sabotages: { type: 'boolean', default: false },
  },
})
const first = Number(values.seed)
const count = Number(values.count)
const { branches: hasSites } = values

// V8 counts the branches of what is compiled from then on, so the handlers come later.
const branches = hasSites ? (await import('./branches.ts')).watchBranches() : undefined
const { historyOf } = await import('./history.ts')
const { runHistory } = await import('./run-history.ts')
const { SABOTAGES } = await import('./sabotage.ts')
const { findFailing, kindOf, shrink } = await import('./shrink.ts')
const { summaryOf } = await import('./results.ts')
const { createTally } = await import('./tally.ts')

/** What the watch queue's looks meet is left out of a trace. */
const QUIET = new Set(['done', 'outage', 'NotFound', 'NoSuchKey'])
process.exitCode = (await (values.sabotages ? sabotageAll() : simulate())) ? 0 : 1

async function simulate(): Promise<boolean> {
  const tally = createTally(first, branches)
  const explained = new Set<string>()
  for (let seed = first; seed < first + count; seed++) {
    const history = historyOf(seed)
    const verdict = await runHistory(history, { hasSites })
    tally.add(history, verdict)
    const isNew = verdict.breaches.some((breach) => !explained.has(kindOf(breach)))
    if (values.trace && isNew) await explain(history)
    for (const breach of verdict.breaches) explained.add(kindOf(breach))
  }
  const results = tally.results()
  if (values.json) {
    await mkdir(dirname(values.json), { recursive: true })
    await writeFile(values.json, JSON.stringify(results, null, 2))
  }
  console.log(summaryOf(results))
  return results.failed === 0
}

async function sabotageAll(): Promise<boolean> {
  let found = 0
  for (const [title, { sabotage }] of Object.entries(SABOTAGES)) {
    const failing = await findFailing(sabotage, first, count)
    if (failing) found++
    console.log(`${title}: ${failing ? `seed ${failing.seed}, ${kindOf(failing.breaches[0])}` : 'NOT FOUND'}`)
  }
  return found === Object.keys(SABOTAGES).length
}

async function explain(failing: History): Promise<void> {
  const { history, verdict } = await shrink(failing)
  const { seed, pictures, actions, outages } = history
  console.log(`\nseed ${seed}: ${verdict.breaches.join('\n  ')}`)
  for (const [n, picture] of pictures.entries()) console.log(`  picture ${n}: ${JSON.stringify(picture)}`)
  for (const action of actions) if (action.do !== 'nothing') console.log(`  ${JSON.stringify(action)}`)
  for (const outage of outages) console.log(`  ${JSON.stringify(outage)}`)
  const start = verdict.steps[0]?.time ?? 0
  for (const { time, name, what } of verdict.steps) {
    if (name.startsWith('watchImages') && QUIET.has(what)) continue
    console.log(`  ${((time - start) / 1000).toFixed(3)} s  ${name}: ${what}`)
  }
}
