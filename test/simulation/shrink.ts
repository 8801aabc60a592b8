import { NO_FAULTS, type Rates } from './faults.ts'
import { type History, historyOf } from './history.ts'
import { runHistory, type Verdict } from './run-history.ts'
import type { Sabotage } from './sabotage.ts'

export interface Shrunk {
  history: History
  verdict: Verdict
}

const FAULTS = /^(error|lost|repeated|crash)/

/** The kind of a breach, without its ids, dates and attempts. */
export function kindOf(breach = ''): string {
  const [line = ''] = breach.split('\n')
  return line
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'ID')
    .replace(/\d{4}-\d\d-\d\d/g, 'DATE')
    .replace(/_[0-9a-f]{8}-/g, '_ATTEMPT-')
}

/** The first seed whose history breaks a promise. */
export async function findFailing(
  sabotage: Sabotage,
  first: number,
  count: number,
): Promise<{ seed: number; breaches: string[] } | undefined> {
  for (let seed = first; seed < first + count; seed++) {
    const { breaches } = await runHistory(historyOf(seed), { sabotage })
    if (breaches.length > 0) return { seed, breaches }
  }
  return undefined
}

/** Leaves out actions, outages, kinds of faults and single faults as long as the history still breaks the same promise. */
export async function shrink(failing: History, sabotage: Sabotage = {}): Promise<Shrunk> {
  let history = failing
  let verdict = await runHistory(failing, { sabotage })
  const kinds = new Set(verdict.breaches.map(kindOf))
  const suppressed = new Set<string>()

  const keepIfItFails = async (smaller: History, without = suppressed) => {
    const smallerVerdict = await runHistory(smaller, { sabotage, suppressed: without })
    if (!smallerVerdict.breaches.some((breach) => kinds.has(kindOf(breach)))) return false
    history = smaller
    verdict = smallerVerdict
    return true
  }

  for (const outage of history.outages) {
    await keepIfItFails({ ...history, outages: history.outages.filter((other) => other !== outage) })
  }
  for (const rate of Object.keys(NO_FAULTS) as (keyof Rates)[]) {
    if (history.rates[rate] > 0) await keepIfItFails({ ...history, rates: { ...history.rates, [rate]: 0 } })
  }
  for (const action of history.actions) {
    // Actions keep their number, which is part of the names of their steps.
    const idle = { do: 'nothing' as const, at: action.at }
    await keepIfItFails({
      ...history,
      actions: history.actions.map((other) => (other === action ? idle : other)),
    })
  }
  for (const { name, what } of verdict.steps) {
    if (!FAULTS.test(what)) continue
    const without = new Set([...suppressed, name])
    if (await keepIfItFails(history, without)) suppressed.add(name)
  }
  return { history, verdict }
}
