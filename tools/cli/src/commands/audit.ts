import { join } from 'node:path'
import { APPS_FILE, readConfiguration, retentionOf } from '@darkroom/app-configuration'
import { AppId, ImageId, Sha256 } from '@darkroom/core'
import { localFolder } from '@darkroom/local-stack/endpoints'
import { formatTable, printable } from '@darkroom/terminal'
import { type Command, Option } from 'commander'
import * as z from 'zod'
import type { AuditContext } from '../audit/audit-context.ts'
import { type Breach, type BreachClass, REMEDIES } from '../audit/breaches.ts'
import type { AuditedCatalogue } from '../audit/check-catalogue.ts'
import { type Checkpoint, readCheckpoint, removeCheckpoint, writeCheckpoint } from '../audit/checkpoint.ts'
import { lookForErased } from '../audit/look-for-erased.ts'
import type { SearchedCatalogue } from '../audit/look-in-catalogue.ts'
import { listHeads, ReceiptHead } from '../audit/receipt-heads.ts'
import { SECTIONS, type Section } from '../audit/rules.ts'
import { runAudit } from '../audit/run-audit.ts'
import { openStatuses } from '../audit/statuses.ts'
import { undeliveredOf } from '../audit/undelivered.ts'
import { addStoreOptions, openStore, type Store, type StoreOptions } from '../open-store.ts'
import { parsedBy } from '../parsed-by.ts'

interface Options extends StoreOptions {
  settled: number
  hashes?: boolean
  catalogue?: string | true
  decode?: number | true
  continue?: boolean
  checkpoint?: string
  statuses?: string
  json?: boolean
  receipts?: boolean
  head?: ReceiptHead[]
  erased?: string
  app?: string
  sha256?: string
  file: string
}

const Stage = z.string().regex(/^[a-z0-9-]+$/, 'It must be the name of a stage, such as prod.')
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
      '--hashes',
      'ask for the hash of every original, not only of those that are newer than their document',
    )
    .option(
      '--decode [percent]',
      'also read the bytes of originals and decode all variants, of this share of the images (100)',
      parsedBy(Percent, 'It must be a percentage, such as 5.'),
    )
    .option(
      '--catalogue [stage]',
      'also compare the rows of the catalogue: of that stage in Athena, or of the documents in DuckDB, as locally',
      parsedBy(Stage),
    )
    .option('--continue', 'continue where the last audit of this store stopped')
    .option('--checkpoint <file>', 'where to remember how far it has come (.local/audit.json)')
    .option(
      '--statuses <file>',
      'compare the status of every image with the one that the last audit wrote to this file, and write it again',
    )
    .option('--receipts', 'only check the chain of erasure receipts, and print its newest link for each app')
    .option(
      '--head <app:number:hash...>',
      'newest links that --receipts printed before: they must still be there',
      (text: string, before: ReceiptHead[] = []) => [...before, parsedBy(ReceiptHead)(text)],
    )
    .option(
      '--erased <image>',
      'look everywhere for what is left of an erased image (with --app)',
      parsedBy(ImageId),
    )
    .option('--app <app>', 'the app of that image', parsedBy(AppId))
    .option('--sha256 <hash>', 'the hash of its original, to find claims under any name', parsedBy(Sha256))
    .option('--json', 'print a line of JSON for each breach, and one for the summary')
    .addOption(new Option('--file <path>', "the apps' configuration").env('APPS_FILE').default(APPS_FILE))
  addStoreOptions(audit)
    .addHelpText(
      'after',
      `
By default it lists everything and reads each document. Sizes are compared with
the listing. The hash of an original is compared if it was written after its
document, or with --hashes; bytes are only read with --decode. The exit code is
1 if anything was found. docs/operations.md explains each class.`,
    )
    .action(async (options: Options) => {
      const store = await openStore(options)
      try {
        if (!options.json) console.log(`store: ${store.label}`)
        if (options.erased !== undefined) await searched(store, options.erased, options)
        else await audited(store, options)
      } finally {
        store.close()
      }
    })
}

async function audited(store: Store, options: Options): Promise<void> {
  const file = options.checkpoint ?? join(localFolder(), 'audit.json')
  const sections = options.receipts ? SECTIONS.filter(({ name }) => name === 'receipts') : SECTIONS
  const from = options.continue ? await readCheckpoint(file, store.label) : start(store, sections)
  const onBreach = options.json ? printJson : printBreach
  const catalogue = await catalogueOf(store, options)
  const statuses =
    options.statuses === undefined || options.receipts
      ? undefined
      : await openStatuses(options.statuses, store.label, from.statusBytes)
  const began = performance.now()
  const total = await runAudit({
    context: { ...(await contextOf(store, options)), statuses },
    queues: options.receipts ? undefined : store.queues,
    catalogue: catalogue?.audited,
    from,
    sections,
    heads: options.head ?? [],
    onBreach,
    onProgress: (checkpoint) => writeCheckpoint(file, checkpoint),
  })
    .catch((cause) => {
      throw new Error('The audit stopped. Continue it with the same options and --continue.', { cause })
    })
    .finally(async () => {
      catalogue?.close()
      await statuses?.close()
    })
  await removeCheckpoint(file)
  const seconds = (performance.now() - began) / 1000
  const skipped = options.receipts ? ['everything but receipts'] : notLookedAt(store, options)
  const heads = options.receipts ? await listHeads(store.bucket) : []
  if (options.json) printJson({ summary: { ...total, heads, notLookedAt: skipped, seconds } })
  else {
    printSummary(total, (total.objects - from.objects) / seconds, seconds)
    for (const head of heads) console.log(`Newest receipt, to keep elsewhere: --head ${head}`)
    for (const line of skipped) console.log(`Not looked at: ${line}.`)
  }
  if (Object.keys(total.breaches).length > 0) process.exitCode = 1
}

/** Prints each place and what was found there. */
async function searched({ bucket, queues }: Store, imageId: ImageId, options: Options): Promise<void> {
  const { app, sha256, json } = options
  if (app === undefined) throw new Error('--erased needs the app of the image: add --app.')
  const image = { app, imageId }
  let left = 0
  const undelivered = await undeliveredOf(bucket)
  const open = await catalogueOf({ bucket }, options)
  try {
    const catalogue = open?.searched
    for await (const looked of lookForErased({ bucket, undelivered, queues, catalogue, image, sha256 })) {
      left += looked.found.length
      const { place, how, found } = looked
      if (json) printJson(looked)
      else
        console.log(
          `${place.padEnd(30)}${how}: ${found.length === 0 ? 'nothing' : found.map(printable).join(', ')}`,
        )
    }
  } finally {
    open?.close()
  }
  if (left > 0) process.exitCode = 1
  if (!json)
    console.log(left === 0 ? 'Nothing of the image was found.' : `${left} found: the image is not erased.`)
}

function start(store: Store, [first]: Section[]): Checkpoint {
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

async function contextOf(
  { bucket }: Store,
  { settled, hashes, decode, file }: Options,
): Promise<AuditContext> {
  const percent = decode === true ? 100 : decode
  return {
    bucket,
    undelivered: await undeliveredOf(bucket),
    retention: retentionOf(readConfiguration(file)),
    now: Date.now(),
    settledMs: settled * 60_000,
    hashes: hashes ?? false,
    // Loads sharp, which the other commands do not need.
    decode:
      percent === undefined
        ? undefined
        : (await import('../audit/decode.ts')).decodeShare(bucket, percent / 100),
  }
}

function printBreach({ class: kind, key, detail }: Breach): void {
  console.log(printable(`${kind}  ${key}  (${detail})`))
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

interface OpenCatalogue {
  audited: AuditedCatalogue
  searched: SearchedCatalogue
  close(): void
}

/** Loads DuckDB or the SDK for Athena, which the rest of the audit does not need. */
async function catalogueOf(
  { bucket }: Pick<Store, 'bucket'>,
  { catalogue: stage, receipts }: Options,
): Promise<OpenCatalogue | undefined> {
  if (stage === undefined || receipts) return undefined
  const { collectedUntil } = await import('../audit/check-catalogue.ts')
  const collected = collectedUntil(Date.now())
  if (stage === true) {
    const { openCatalogue } = await import('@darkroom/catalogue')
    const catalogue = await openCatalogue(bucket.s3, bucket.name)
    return { audited: { catalogue, collected }, searched: { catalogue }, close: catalogue.close }
  }
  const { AthenaClient } = await import('@aws-sdk/client-athena')
  const { askAthena, ofStage, resultsOf } = await import('@darkroom/analytics')
  const athena = new AthenaClient()
  const catalogue = askAthena(athena, ofStage(stage))
  return {
    audited: { catalogue, collected },
    searched: { catalogue, stored: { results: await resultsOf(athena, ofStage(stage)) } },
    close: () => athena.destroy(),
  }
}

function notLookedAt({ queues }: Store, { hashes, decode, catalogue, statuses }: Options): string[] {
  return [
    ...(queues ? ['messages in the image queue, which are only counted'] : ['queues (add --queue-url)']),
    ...(hashes ? [] : ['hashes of originals older than their document (add --hashes)']),
    ...(decode === undefined ? ['the bytes of originals and variants (add --decode)'] : []),
    ...(catalogue === undefined ? ['the rows of the catalogue (add --catalogue)'] : []),
    ...(statuses === undefined ? ['whether a status went back since the last audit (add --statuses)'] : []),
    'logs, which contain ids only',
  ]
}
