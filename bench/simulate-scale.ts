/**
 * Simulates how the system behaves under load, with AWS's published limits: what binds first, and how long images take.
 * `pnpm simulate [case…]` runs the cases of docs/scale.md (bench/scale/cases.ts) or those whose name contains a word.
 * Options describe a case of your own:
 *
 *   pnpm simulate --rate 300 --seconds 60 --apps 3 --concurrency 2000 \
 *     --maximum-concurrency 200
 *   pnpm simulate --burst 20000 --attempts 100 --no-wait
 *   pnpm simulate --rate 10 --seconds 7200 --outage S3 --outage-seconds 3600
 *
 * It runs no code of the services. The same seed (`--seed`) always gives the same figures.
 */
import { formatTable, scriptOptions } from '@darkroom/terminal'
import { CASES, DEFAULT_SCENARIO } from './scale/cases.ts'
import {
  CATALOGUE_COLUMNS,
  CATALOGUE_RATES,
  CATALOGUE_REMEDIES,
  catalogueAt,
  catalogueRow,
} from './scale/catalogue.ts'
import { COLUMNS, figuresOf, seconds } from './scale/figures.ts'
import { type Outcome, type Scenario, simulateFlow } from './scale/flow.ts'
import { DEFAULT_LIMITS, REMEDIES } from './scale/limits.ts'

const NUMBERS = {
  seed: 'seed',
  rate: 'rate',
  seconds: 'seconds',
  burst: 'burst',
  apps: 'apps',
  'maximum-concurrency': 'maximumConcurrency',
  'batch-size': 'batchSize',
  attempts: 'attempts',
} as const satisfies Record<string, keyof Scenario>

const { values, positionals } = scriptOptions(import.meta.filename, {
  allowPositionals: true,
  allowNegative: true,
  options: {
    ...Object.fromEntries(Object.keys(NUMBERS).map((name) => [name, { type: 'string' } as const])),
    concurrency: { type: 'string' },
    wait: { type: 'boolean' },
    outage: { type: 'string' },
    'outage-seconds': { type: 'string', default: '600' },
  },
})

const scenarios = Object.keys(CASES).filter(
  (name) => positionals.length === 0 || positionals.some((word) => name.includes(word)),
)
const cases = isOwnCase() ? { 'your case': readOwnCase() } : pick(scenarios)
if (Object.keys(cases).length === 0) {
  console.error(`No case contains ${positionals.join(' or ')}. Cases: ${Object.keys(CASES).join('; ')}.`)
  process.exit(1)
}
const rows: unknown[][] = []
for (const [name, changes] of Object.entries(cases)) {
  const scenario = { ...DEFAULT_SCENARIO, ...changes }
  const outcome = simulateFlow(scenario)
  rows.push([name, ...figuresOf(outcome)])
  print(name, outcome)
}
console.log(`\n${formatTable(['case', ...COLUMNS], rows)}\n`)
console.log('p50, p95 and longest: from acceptance until ready. Costs do not include storage and Athena.')
printCatalogue(isOwnCase() ? [Math.max(1, Number(readOwnCase().rate ?? 1))] : CATALOGUE_RATES)

function isOwnCase(): boolean {
  return [...Object.keys(NUMBERS), 'concurrency', 'wait', 'outage'].some((name) => name in values)
}

function readOwnCase(): Partial<Scenario> {
  const numbers = Object.entries(NUMBERS).flatMap(([option, field]) => {
    const text = (values as Record<string, unknown>)[option]
    return text === undefined ? [] : [[field, readNumber(option, text)]]
  })
  const { outage, wait, concurrency } = values
  if (outage !== undefined && outage !== 'S3' && outage !== 'SQS') fail('--outage must be S3 or SQS')
  return {
    ...Object.fromEntries(numbers),
    ...(wait !== undefined && { clientsWait: wait }),
    ...(concurrency !== undefined && {
      limits: { ...DEFAULT_LIMITS, concurrency: readNumber('concurrency', concurrency) },
    }),
    ...(outage && {
      outage: { of: outage, from: 60, seconds: readNumber('outage-seconds', values['outage-seconds']) },
    }),
  }
}

function readNumber(option: string, text: unknown): number {
  const number = Number(text)
  if (!Number.isFinite(number) || number < 0)
    fail(`--${option} must be a number, for example --${option} 100`)
  return number
}

function fail(message: string): never {
  console.error(`${message}.`)
  process.exit(1)
}

function pick(names: string[]): Record<string, Partial<Scenario>> {
  return Object.fromEntries(names.map((name) => [name, CASES[name] ?? {}]))
}

function print(
  name: string,
  { accepted, ready, bound, peaks, deepestQueue, refusedRequests, lastReady }: Outcome,
) {
  console.log(`\n${name}`)
  const lost = accepted - ready
  console.log(`  All accepted images ready after ${seconds(lastReady)}${lost ? `; ${lost} LOST` : ''}.`)
  const running = Object.entries(peaks).map(([fn, peak]) => `${fn} ${peak.toLocaleString('en')}`)
  console.log(
    `  At once, at most: ${running.join(', ')}; ${deepestQueue.toLocaleString('en')} messages wait.`,
  )
  if (refusedRequests) console.log(`  Requests answered 429 or 503: ${refusedRequests.toLocaleString('en')}.`)
  if (bound.size === 0) console.log('  No limit binds.')
  for (const [limit, time] of [...bound].toSorted(([, a], [, b]) => a - b))
    console.log(`  ${limit} binds after ${seconds(time)}: ${REMEDIES[limit]}`)
}

function printCatalogue(rates: number[]): void {
  console.log(
    '\nOn the way to the analysts, at a steady rate: executions that announce and collect, and a merge: files, JSON and keys',
  )
  console.log(formatTable(CATALOGUE_COLUMNS, rates.map(catalogueRow)))
  for (const limit of new Set(rates.flatMap((rate) => catalogueAt(rate).bound)))
    console.log(`  ${limit}: ${CATALOGUE_REMEDIES[limit]}`)
}
