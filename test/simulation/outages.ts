import { chanceOf } from './chance.ts'
import { NO_FAULTS, type Outage, type Rates } from './faults.ts'
import type { Action, History, Picture } from './history.ts'
import { runHistory } from './run-history.ts'

/** What an outage, or events of S3 that went wrong, did to the images that were sent shortly before and meanwhile. */
interface Effect {
  accepted: number
  processed: number
  toldFailed: number
  breaches: number
  /** Of each history, in ascending order: from the end of the trouble until the last image was processed. */
  healingMs: number[]
}

/** What goes wrong, and nothing else does. */
interface Trouble {
  outages?: Outage[]
  rates?: Partial<Rates>
}

const HISTORIES = 20
const SOURCES = ['http', 'http', 'http without a key', 'direct upload', 'multipart upload', 'kafka'] as const
const FROM_MS = 5_000

/** Three pictures are sent just before the outage, three during its first minutes. */
export async function tryOutage(service: Outage['service'], length: number, firstSeed = 1) {
  const outage = { service, from: FROM_MS, to: FROM_MS + length }
  const { healingMs, ...effect } = await tryTrouble({ outages: [outage] }, HISTORIES, firstSeed)
  return { ...effect, longestHealingMs: healingMs.at(-1) ?? 0 }
}

/** Histories of six pictures each, from all sources. */
export async function tryTrouble(trouble: Trouble, histories: number, firstSeed = 1): Promise<Effect> {
  const effect: Effect = { accepted: 0, processed: 0, toldFailed: 0, breaches: 0, healingMs: [] }
  for (let seed = firstSeed; seed < firstSeed + histories; seed++) {
    const { counts, breaches } = await runHistory(historyWith(seed, trouble))
    effect.accepted += counts.accepted
    effect.processed += counts.processed
    effect.toldFailed += breaches.filter((breach) => breach.includes('told failed')).length
    effect.breaches += breaches.length
    effect.healingMs.push(counts.healedMs)
  }
  effect.healingMs.sort((a, b) => a - b)
  return effect
}

function historyWith(seed: number, { outages = [], rates = {} }: Trouble): History {
  const chance = chanceOf(seed)
  const pictures = Array.from({ length: 6 }, (_, n): Picture => {
    const source = chance.pick(`source ${n}`, SOURCES)
    return { source, app: source === 'kafka' ? 'web-app-2' : 'web-app-1', bytes: n % 4 }
  })
  const actions = pictures.map((_, n): Action => {
    const at =
      n < 3 ? chance.whole(`before ${n}`, 4_000, FROM_MS) : FROM_MS + chance.whole(`during ${n}`, 0, 60_000)
    return { do: 'send', picture: n, at }
  })
  return {
    seed,
    pictures,
    actions: actions.toSorted((a, b) => a.at - b.at),
    rates: { ...NO_FAULTS, ...rates },
    outages,
  }
}
