import { join } from 'node:path'
import { localFolder } from '@darkroom/local-stack/endpoints'
import { RETENTION_FILE, readRetention } from '@darkroom/retention'
import { formatTable } from '@darkroom/terminal'
import { type Command, Option } from 'commander'
import * as z from 'zod'
import type { AuditContext } from '../audit/audit-context.ts'
import { type Breach, type BreachClass, REMEDIES } from '../audit/breaches.ts'
import { type Checkpoint, readCheckpoint, removeCheckpoint, writeCheckpoint } from '../audit/checkpoint.ts'
import { SECTIONS } from '../audit/rules.ts'
import { runAudit } from '../audit/run-audit.ts'
import { addStoreOptions, openStore, type Store, type StoreOptions } from '../open-store.ts'
import { parsedBy } from '../parsed-by.ts'

interface Options extends StoreOptions {
  settled: number
  decode?: number | true
  continue?: boolean
  checkpoint?: string
  json?: boolean
  file: string
}

const Minutes = z.coerce.number().min(0).max(100_000)
const Percent = z.coerce.number().gt(0).max(100)

/** `pnpm darkroom audit`: looks at everything that is stored and prints what must not be. It changes nothing. */
export function addAudit(program: Command): void {
  const audit = program
    .command('audit')
    .description('check that nothing in a store is lost, wrong, doubled or left behind; it changes nothing')
    .option(
      '--settled <minutes>',
      'ignore what is younger, because it may still change',
      parsedBy(Minutes, 'It must be a number of minutes, such as 15.'),
      15,
    )
    .option(
      '--decode [percent]',
      'also read the bytes of originals and decode all variants, of this share of the images (100)',
      parsedBy(Percent, 'It must be a percentage, such as 5.'),
    )
    .option('--continue', 'go on where the last audit of this store stopped')
    .option('--checkpoint <file>', 'where to remember how far it has come (.local/audit.json)')
    .option('--json', 'print a line of JSON for each breach, and one for the summary')
    .addOption(
      new Option('--file <path>', 'the retention file').env('RETENTION_FILE').default(RETENTION_FILE),
    )
  addStoreOptions(audit)
    .addHelpText(
      'after',
      `
By default it lists everything, reads each document and asks for the hash of each original. Sizes are compared with the
listing; bytes are only read with --decode. The exit code is 1 if anything was found. docs/operations.md explains each class.`,
    )
    .action(async (options: Options) => {
      const store = await openStore(options)
      try {
        if (!options.json) console.log(`store: ${store.label}`)
        await audited(store, options)
      } finally {
        store.close()
      }
    })
}

async function audited(store: Store, options: Options): Promise<void> {
  const file = options.checkpoint ?? join(localFolder(), 'audit.json')
  const from = options.continue ? await readCheckpoint(file, store.label) : start(store)
  const began = performance.now()
  const total = await runAudit({
    context: await contextOf(store, options),
    queues: store.queues,
    from,
    onBreach: options.json ? printJson : printBreach,
    onProgress: (checkpoint) => writeCheckpoint(file, checkpoint),
  }).catch((cause) => {
    throw new Error('The audit stopped. Continue it with the same options and --continue.', { cause })
  })
  await removeCheckpoint(file)
  const seconds = (performance.now() - began) / 1000
  if (options.json) printJson({ summary: { ...total, notLookedAt: notLookedAt(store, options), seconds } })
  else printSummary(total, (total.objects - from.objects) / seconds, seconds)
  if (!options.json) for (const line of notLookedAt(store, options)) console.log(`Not looked at: ${line}.`)
  if (Object.keys(total.breaches).length > 0) process.exitCode = 1
}

function start(store: Store): Checkpoint {
  const [first] = SECTIONS
  return {
    store: store.label,
    started: Date.now(),
    section: first?.name ?? '',
    objects: 0,
    images: 0,
    waiting: 0,
    breaches: {},
  }
}

async function contextOf({ bucket }: Store, { settled, decode, file }: Options): Promise<AuditContext> {
  const percent = decode === true ? 100 : decode
  return {
    bucket,
    retention: readRetention(file),
    now: Date.now(),
    settledMs: settled * 60_000,
    // Loads sharp, which the other commands do not need.
    decode:
      percent === undefined
        ? undefined
        : (await import('../audit/decode.ts')).decodeShare(bucket, percent / 100),
  }
}

function printBreach({ class: kind, key, detail }: Breach): void {
  console.log(`${kind}  ${key}  (${detail})`)
}

function printJson(value: object): void {
  console.log(JSON.stringify(value))
}

function printSummary(
  { objects, images, waiting, breaches }: Checkpoint,
  rate: number,
  seconds: number,
): void {
  const looked = `${objects} objects of ${images} images in ${seconds.toFixed(1)} s, ${Math.round(rate)} a second`
  console.log(`Looked at ${looked}.`)
  if (waiting > 0) console.log(`${waiting} images wait in the queue.`)
  const rows = Object.entries(breaches).map(([kind, count]) => [kind, count, REMEDIES[kind as BreachClass]])
  const width = process.stdout.columns ?? Number.POSITIVE_INFINITY
  console.log(
    rows.length === 0 ? 'No breach was found.' : formatTable(['breach', 'found', 'what to do'], rows, width),
  )
}

function notLookedAt({ queues }: Store, { decode }: Options): string[] {
  return [
    ...(queues
      ? ['messages in the image and dead-letter queues, which are only counted']
      : ['queues (add --queue-url)']),
    ...(decode === undefined ? ['the bytes of originals and variants (add --decode)'] : []),
    'logs, which contain ids only',
  ]
}
