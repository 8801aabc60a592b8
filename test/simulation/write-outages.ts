/**
 * Writes docs/outages.md: what an outage of SQS or S3, and events of S3 that are doubled, late, out of order or lost, do to
 * accepted images. `pnpm --silent outages [--histories 200] > docs/outages.md`
 */
import { scriptOptions } from '@darkroom/terminal'
import type { Outage, Rates } from './faults.ts'
import { tryTrouble } from './outages.ts'
import { DAY_MS, MINUTE_MS } from './settings.ts'

const { values } = scriptOptions(import.meta.filename, {
  options: { histories: { type: 'string', default: '200' } },
})
const histories = Number(values.histories)

const FROM_MS = 5_000
const away = (service: Outage['service'], minutes: number) => ({
  outages: [{ service, from: FROM_MS, to: FROM_MS + minutes * MINUTE_MS }],
})
const events = (rates: Partial<Rates>) => ({ rates })

const TROUBLES = {
  none: {},
  'SQS away for 1 minute': away('sqs', 1),
  'SQS away for 10 minutes': away('sqs', 10),
  'SQS away for 60 minutes': away('sqs', 60),
  'S3 away for 1 minute': away('s3', 1),
  'S3 away for 10 minutes': away('s3', 10),
  'S3 away for 60 minutes': away('s3', 60),
  'each event ten times': events({ eventDoubled: 1 }),
  'each event up to an hour late, in any order': events({ eventLate: 1 }),
  'each event ten times and late': events({ eventDoubled: 1, eventLate: 1 }),
  'one event of a thousand lost': events({ eventLost: 0.001 }),
  'one event of ten lost': events({ eventLost: 0.1 }),
  'all of it: ten times, late, one of ten lost': events({ eventDoubled: 1, eventLate: 1, eventLost: 0.1 }),
}

const rows: string[][] = []
for (const [name, trouble] of Object.entries(TROUBLES)) {
  const { accepted, processed, breaches, healingMs } = await tryTrouble(trouble, histories)
  const median = healingMs[Math.floor(healingMs.length / 2)] ?? 0
  const counts = [accepted, processed, accepted - processed, breaches].map((count) =>
    count.toLocaleString('en'),
  )
  rows.push([name, ...counts, duration(median), duration(healingMs.at(-1) ?? 0)])
}

console.log(`# Outages

What happens to accepted images when SQS or S3 does not answer, and when S3's events are not what they should be.

\`\`\`sh
pnpm --silent outages > docs/outages.md
\`\`\`

writes this page. The [simulation](../test/simulation/README.md) runs the deployed handlers in virtual time, on S3, SQS and SNS in memory. Each row
is ${histories} histories of six images from all sources: three are sent just before the trouble and three in its first minute. Clients repeat
what is refused. The same seeds give the same figures.

${table(['trouble', 'accepted', 'processed', 'lost', 'breaches', 'healed after: median', 'longest'], rows)}

- "Accepted" are images whose client got a 202. Those of direct uploads that their clients left behind are not counted, though they
  are completed. "Lost" is accepted and not processed in the end. "Breaches" are broken promises of any kind, such as an outcome that was not announced.
- "Healed" counts from the end of the trouble, or from two minutes after the last image was sent, until nothing is left to do. While SQS
  is away, uploads are still accepted; the watch queue sends their messages. While S3 is away, nothing is accepted: clients wait.
- An image whose event is lost and whose message arrives is processed as usual. If the message is lost too, or if it is a multipart upload
  that nobody completes, the daily reconcile finds it. An outcome whose event is lost is announced by \`darkroom events replay\`.
- What S3's events do not decide is in [reliability.md](reliability.md): crashes at each step, duplicates, damaged images.`)

function duration(milliseconds: number): string {
  if (milliseconds < MINUTE_MS) return `${Math.round(milliseconds / 1000)} s`
  if (milliseconds < 100 * MINUTE_MS) return `${Math.round(milliseconds / MINUTE_MS)} min`
  if (milliseconds < 2 * DAY_MS) return `${Math.round(milliseconds / (60 * MINUTE_MS))} h`
  return `${Math.round(milliseconds / DAY_MS)} days`
}

function table(header: string[], cells: string[][]): string {
  const widths = header.map((name, n) =>
    Math.max(...[name, ...cells.map((row) => row[n] ?? '')].map(({ length }) => length)),
  )
  const line = (row: string[]) => `| ${row.map((cell, n) => cell.padEnd(widths[n] ?? 0)).join(' | ')} |`
  return [line(header), line(widths.map((width) => '-'.repeat(width))), ...cells.map(line)].join('\n')
}
