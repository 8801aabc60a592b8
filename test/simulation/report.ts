/**
 * `pnpm reliability`: writes docs/reliability.md from the results of other commands, outages and sabotages. Each option may be
 * repeated.
 *
 *   --histories FILE   what `pnpm simulate:faults --json` wrote, for different seeds
 *   --earlier FILE     the same, of earlier commits: only counted
 *   --stack FILE       what `pnpm simulate:stack --json` wrote
 *   --audit FILE       what `pnpm bench:audit --json` wrote
 */

import { readFile, writeFile } from 'node:fs/promises'
import { startLocalAws } from '@darkroom/local-aws'
import { scriptOptions, stop } from '@darkroom/terminal'
import { showBreaches } from '../../tools/cli/src/audit/testing/show-breaches.ts'
import type { BranchShares } from './branches.ts'
import type { Outage } from './faults.ts'
import { historyOf } from './history.ts'
import { tryOutage } from './outages.ts'
import { addUp, healingOf, type Results } from './results.ts'
import { runHistory } from './run-history.ts'
import { SABOTAGES } from './sabotage.ts'
import { DAY_MS, MINUTE_MS } from './settings.ts'
import { findFailing, kindOf } from './shrink.ts'

/** What `pnpm simulate:stack --json` writes. */
interface StackResults {
  date: string
  seed: number
  away: string[]
  outageSeconds: number
  accepted: number
  processed: number
  failed: number
  lost: number
  doubled: number
  healedMs: number
  faults: Record<string, number>
  audit: boolean
}

/** What `pnpm bench:audit --json` writes. */
interface AuditResults {
  date: string
  images: number
  objects: number
  seconds: number
  cpuSeconds: number
  megabytes: number
  /** Until a fifth of the objects was looked at. */
  megabytesOfFifth: number
  isSound: boolean
}

const { values } = scriptOptions(import.meta.filename, {
  options: {
    histories: { type: 'string', multiple: true, default: [] },
    earlier: { type: 'string', multiple: true, default: [] },
    stack: { type: 'string', multiple: true, default: [] },
    audit: { type: 'string', multiple: true, default: [] },
  },
})
const runs = await readResults<Results>(values.histories)
const [firstRun, ...otherRuns] = runs
if (!firstRun) stop('Name a file that pnpm simulate:faults --json wrote: --histories FILE.')
const histories = addUp(firstRun, ...otherRuns)
const earlier = await readResults<Results>(values.earlier)
const stacks = await readResults<StackResults>(values.stack)
const audits = await readResults<AuditResults>(values.audit)

function readResults<Results>(files: string[]): Promise<Results[]> {
  return Promise.all(files.map(async (file) => JSON.parse(await readFile(file, 'utf8'))))
}

type Row = (string | number)[]

function table(header: string[], rows: Row[]): string {
  const widths = header.map((name, n) => Math.max(name.length, ...rows.map((row) => String(row[n]).length)))
  const line = (cells: Row) =>
    `| ${cells.map((cell, n) => String(cell).padEnd(widths[n] ?? 0)).join(' | ')} |`
  return [line(header), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n')
}

function duration(milliseconds: number): string {
  if (milliseconds < MINUTE_MS) return `${Math.round(milliseconds / 1000)} s`
  if (milliseconds < 100 * MINUTE_MS) return `${Math.round(milliseconds / MINUTE_MS)} min`
  return milliseconds < 2 * DAY_MS
    ? `${Math.round(milliseconds / 3_600_000)} h`
    : `${Math.round(milliseconds / DAY_MS)} days`
}

const number = (value: number) => value.toLocaleString('en')

function classes(): string {
  const header = ['histories with', 'histories', 'accepted', 'processed', 'failed with reason', 'erased']
  return table(
    [...header, 'lost', 'doubled', 'orphans', 'other', 'healed: median', 'longest'],
    Object.entries(histories.classes).map(([name, sums]) => {
      const { median, longest } = healingOf(sums)
      return [
        name === 'all' ? 'anything' : name,
        ...[sums.histories, sums.accepted, sums.processed, sums.failed, sums.erased].map(number),
        ...[sums.lost, sums.doubled, sums.orphans, sums.other],
        ...[median, longest].map((minutes) => duration(minutes * MINUTE_MS)),
      ]
    }),
  )
}

const AWAY: Record<Outage['service'], string> = {
  s3: 'S3',
  sqs: 'SQS',
  both: 'S3 and SQS, for the functions',
}

async function outages(): Promise<string> {
  const lengths = [MINUTE_MS, 10 * MINUTE_MS, 60 * MINUTE_MS, DAY_MS / 2, 3 * DAY_MS]
  const rows: Row[] = []
  for (const [service, name] of Object.entries(AWAY) as [Outage['service'], string][]) {
    for (const length of lengths) {
      const effect = await tryOutage(service, length)
      rows.push([
        name,
        duration(length),
        ...[effect.accepted, effect.processed, effect.toldFailed, effect.breaches],
        duration(effect.longestHealingMs),
      ])
    }
  }
  return table(['away', 'for', 'accepted', 'processed', 'told failed', 'breaches', 'healed after'], rows)
}

async function sabotages(): Promise<string> {
  const rows: Row[] = []
  for (const [title, { seed, sabotage }] of Object.entries(SABOTAGES)) {
    const failing = await findFailing(sabotage, seed, 30)
    rows.push([title, failing?.seed ?? 'not found', kindOf(failing?.breaches[0])])
  }
  return table(['sabotage', 'seed', 'what the oracle says'], rows)
}

async function auditRuns(): Promise<string> {
  const header = ['images', 'date', 'objects', 'seconds', 'objects/s', 'CPU seconds']
  const rows = audits.map(({ date, images, objects, seconds, cpuSeconds, ...more }) => [
    ...[number(images), date, number(objects), seconds.toFixed(0), number(Math.round(objects / seconds))],
    ...[cpuSeconds.toFixed(0), `${more.megabytes} MB`, `${more.megabytesOfFifth} MB`],
    more.isSound ? 'nothing' : 'BREACHES',
  ])
  const aws = await startLocalAws()
  const shown = await showBreaches(aws.endpoint)
  await aws.stop()
  const found = shown.map((breach) => [
    `\`${breach.class}\``,
    breach.damages.join('; '),
    `${breach.found} of ${breach.expected}`,
  ])
  return `## The audit

\`pnpm darkroom audit\` over a local store in memory, on two cores that it shares with the store. CPU seconds are those of the
audit's own process, its start included.

${table([...header, 'memory', 'after a fifth', 'found'], rows)}

Memory is the most that was resident, in all and until a fifth of the objects was looked at.

Each class of breach, what was broken on purpose to show it, and how much of it the audit found:

${table(['breach', 'what was broken', 'found'], found)}

`
}

function stackRuns(): string {
  const [first] = stacks
  if (!first) return ''
  const { requests = 0, error = 0, reset = 0, lost = 0, slow = 0, out = 0 } = first.faults
  const header = ['date', 'seed', 'away', 'for', 'accepted', 'processed', 'failed', 'lost', 'doubled']
  const rows = stacks.map(({ date, seed, away, outageSeconds, accepted, processed, failed, ...more }) => [
    ...[date, seed, away.map((store) => store.toUpperCase()).join(' and '), duration(outageSeconds * 1000)],
    ...[accepted, processed, failed, more.lost, more.doubled, duration(more.healedMs)],
    more.audit ? 'no breaches' : 'BREACHES',
  ])
  return `## The running stack

The three services with local S3, SQS and Kafka, images over HTTP and Kafka, faults at the socket, kill -9 of each service and of
the engine, an outage; then \`pnpm darkroom audit\`. CI makes a run like the first. While a service is away, a message waits as
long again as it has waited, so the longest healing is as long as the outage. Uploads that are refused are not accepted.

${table([...header, 'healed after', 'audit'], rows)}

In the first run, of ${number(requests)} requests to S3 and SQS ${error} failed with 503, ${reset} were reset, ${lost} took effect without an answer,
${slow} took up to 1.5 s, and ${out} met the outage.

`
}

const { firstSeed, steps, commits, seconds, cpuSeconds, crashes, branches, trace, date } = histories
const lastSeed = firstSeed + histories.histories - 1
const kinds = Object.keys(crashes)
const notCrashedAt = kinds.filter((kind) => crashes[kind] === 0).toSorted()
const code = (names: string[]) => names.map((name) => `\`${name}\``).join(', ')
/** What writes this page again. Histories that ran in parts are one command. */
function commands(): string {
  const parts = [runs.filter(({ branches }) => branches), runs.filter(({ branches }) => !branches)]
  const simulations = parts.flatMap((part, n) => {
    const [first, ...others] = part
    if (!first) return []
    const { firstSeed, histories } = addUp(first, ...others)
    const flags = `--seed ${firstSeed} --count ${histories} --json .cache/histories-${n + 1}.json`
    return {
      command: `simulate:faults ${first.branches ? '--branches ' : ''}${flags}`,
      result: ` --histories .cache/histories-${n + 1}.json`,
    }
  })
  const stackRuns = stacks.map(({ seed, outageSeconds, away }, n) => ({
    command: `simulate:stack --seed ${seed} --outage ${outageSeconds} --away ${away.join()} --json .cache/stack-${n + 1}.json`,
    result: ` --stack .cache/stack-${n + 1}.json`,
  }))
  const auditRuns = audits.map(({ images }, n) => ({
    command: `bench:audit ${images} --json .cache/audit-${n + 1}.json`,
    result: ` --audit .cache/audit-${n + 1}.json`,
  }))
  const all = [...simulations, ...stackRuns, ...auditRuns]
  return [
    ...all.map(({ command }) => `pnpm ${command}`),
    `pnpm reliability${all.map(({ result }) => result).join('')}`,
  ].join('\n')
}

/** Histories of earlier commits, which are in no table. */
async function earlierRuns(): Promise<string> {
  const [first, ...others] = earlier
  if (!first) return ''
  const { histories, steps, failed, commits, breaches } = addUp(first, ...others)
  return `
Also, ${number(histories)} other histories with ${number(steps)} steps ran over earlier commits of the handlers or with other seeds
(${commits.join(', ')}): ${failed === 0 ? 'none' : failed} of them broke a promise.
${await triedAgain(breaches)}`
}

/** What histories of earlier commits found, and whether this code still does it. */
async function triedAgain(breaches: Results['breaches']): Promise<string> {
  const lines: string[] = []
  for (const seed of new Set(Object.values(breaches).flat())) {
    const [before] = Object.entries(breaches).flatMap(([kind, seeds]) => (seeds.includes(seed) ? [kind] : []))
    const [now] = (await runHistory(historyOf(seed))).breaches
    lines.push(
      `- Seed ${seed}: ${before}. ${now ? `Still open: ${kindOf(now)}.` : 'This code keeps the promise.'}`,
    )
  }
  return lines.length === 0 ? '' : `\n${lines.join('\n')}\n`
}

function branchesOf({ histories, crashedAt, waited, notCrashedAt }: BranchShares): string {
  return `Branches are functions and arms of conditions, as V8 counts them. In ${number(histories)} of these histories, ${waited} branches of the handlers
and their packages had a step under way, and a history crashed in ${crashedAt} of them.
${notCrashedAt.length > 0 ? `The others begin at ${code(notCrashedAt)}.` : ''}
`
}

const page = `# Reliability

The promise: every accepted image ends processed, or failed with a reason that its user can read. None is lost, doubled or left
half-erased, and none crosses to another app. This page shows how that is tested. The commands below write it; do not edit it.

\`\`\`sh
${commands()}
\`\`\`

## Simulated histories

The deployed handlers over S3 and SQS in memory, in virtual time ([test/simulation](../test/simulation/README.md)).
${date}, seeds ${firstSeed} to ${lastSeed}: ${number(histories.histories)} histories of ${(steps / histories.histories).toFixed(0)} I/O steps on average, ${(histories.histories / seconds).toFixed(0)} histories/s,
${(histories.histories / cpuSeconds).toFixed(0)} for each second of CPU time, on commit ${commits.join(', ')}. Everything in a history follows its seed: the same seeds on the same code give the same
trace, here \`${trace}\`. They crashed before or after ${kinds.length - notCrashedAt.length} of ${kinds.length} kinds of I/O steps. A history has several kinds of faults, so it is counted in
several rows. "Failed with reason" are damaged pictures, and those whose message failed at five receives, and at five more: it is parked, and an
operator can send it again. "Healed" is the time from the last fault until no image was unfinished and nothing was left over.
A lost event of S3 waits for the daily reconcile. Multipart uploads whose clients left do so too, and are not counted.

${classes()}

${notCrashedAt.length > 0 ? `Not crashed at: ${code(notCrashedAt)}.` : 'There is no kind of step that was not crashed at.'}
${branches ? branchesOf(branches) : ''}${await earlierRuns()}
## Outages

Twenty histories of six pictures a row, without other faults: three pictures are sent in the second before S3 or SQS goes away,
three in the minute after. Uploads that are refused meanwhile are not accepted, so they are not counted. In the last rows SQS
still delivers messages, so each is received five times and becomes a dead letter.

${await outages()}

## Able to fail

Each check is shown to catch its bug: something is broken on purpose, and the seed is the first that finds it.
\`oracle.test.ts\` shows the same for each single check of the oracle.

${await sabotages()}

${stackRuns()}${await auditRuns()}## What this does not prove

- How S3 and SQS scale and throttle, and how often they lose events or answers.
- Outages of more than four days, after which SQS has deleted what waited.
- Subscribers other than the collector. An operator has to send the outcomes again whose event S3 lost
  (\`darkroom events replay\`), as happens here at the end of such histories.
- The merge: a history reads the collected files as it does, the greatest \`sequence\` first. Its SQL runs in DuckDB and in Trino (\`pnpm test:trino\`).
- The daily comparison of documents and rows (\`reconcileRows\`): its tests run it over local S3 and SQS with answers in Athena's place.
- IAM: the simulation may do everything. \`test/templates.test.ts\` compares each function's permissions with the template.
- When S3 applies lifecycle rules, and how long a deleted object can still be read.
- API Gateway, the pollers of SQS and Kafka, and Lambda's own retries: in the simulation they are models, locally they are ours.
- Athena: the audit's comparison of the catalogue with the documents is tried in DuckDB and in Trino (\`pnpm test:trino\`). Locally
  the catalogue is read from the documents just before, so only the merge itself can be wrong.
- The SDK's retries, and the engine's process, which \`isolate.test.ts\` kills.
`
await writeFile(new URL('../../docs/reliability.md', import.meta.url), page)
console.log('docs/reliability.md was written.')
