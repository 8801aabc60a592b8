import { chanceOf } from './chance.ts'
import { NO_FAULTS, type Outage } from './faults.ts'
import type { Action, History, Picture } from './history.ts'
import { runHistory } from './run-history.ts'

/** What an outage did to the images that were sent shortly before it and during it. */
export interface OutageEffect {
  accepted: number
  processed: number
  toldFailed: number
  breaches: number
  /** From the end of the outage until the last image was processed. */
  longestHealingMs: number
}

const HISTORIES = 20
const SOURCES = ['http', 'http', 'http without a key', 'direct upload', 'multipart upload', 'kafka'] as const

/** Histories without other faults: three pictures are sent just before the outage, three during its first minutes. */
export async function tryOutage(
  service: Outage['service'],
  length: number,
  firstSeed = 1,
): Promise<OutageEffect> {
  const effect: OutageEffect = { accepted: 0, processed: 0, toldFailed: 0, breaches: 0, longestHealingMs: 0 }
  for (let seed = firstSeed; seed < firstSeed + HISTORIES; seed++) {
    const { counts, breaches } = await runHistory(outageHistory(seed, service, length))
    effect.accepted += counts.accepted
    effect.processed += counts.processed
    effect.toldFailed += breaches.filter((breach) => breach.includes('told failed')).length
    effect.breaches += breaches.length
    effect.longestHealingMs = Math.max(effect.longestHealingMs, counts.healedMs)
  }
  return effect
}

function outageHistory(seed: number, service: Outage['service'], length: number): History {
  const chance = chanceOf(seed)
  const pictures = Array.from({ length: 6 }, (_, n): Picture => {
    const source = chance.pick(`source ${n}`, SOURCES)
    return { source, app: source === 'kafka' ? 'web-app-2' : 'web-app-1', bytes: n % 4 }
  })
  const from = 5_000
  const actions = pictures.map((_, n): Action => {
    const at =
      n < 3 ? chance.whole(`before ${n}`, 4_000, from) : from + chance.whole(`during ${n}`, 0, 60_000)
    return { do: 'send', picture: n, at }
  })
  return {
    seed,
    pictures,
    actions: actions.toSorted((a, b) => a.at - b.at),
    rates: NO_FAULTS,
    outages: [{ service, from, to: from + length }],
  }
}
