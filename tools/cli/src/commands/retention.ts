import { APPS_FILE, readConfiguration, retentionOf } from '@darkroom/app-configuration'
import { DatePartition } from '@darkroom/core'
import { daysOf, type Retention } from '@darkroom/retention'
import { formatTable } from '@darkroom/terminal'
import { type Command, Option } from 'commander'
import { countDeletions } from '../count-deletions.ts'
import { addStoreOptions, openStore, type StoreOptions } from '../open-store.ts'
import { parsedBy } from '../parsed-by.ts'

interface Options extends StoreOptions {
  file: string
  date?: string
}

/** `pnpm darkroom retention [--date DATE]`: how long objects are kept, and what S3 deletes by a date. */
export function addRetention(program: Command): void {
  const retention = program
    .command('retention')
    .description('print how long objects are kept, or count what S3 deletes by a date')
    .addOption(new Option('--file <path>', "the apps' configuration").env('APPS_FILE').default(APPS_FILE))
    .option(
      '--date <date>',
      'count the stored objects that S3 deletes by this date, such as 2027-03-01',
      parsedBy(DatePartition, 'Write it like 2027-03-01.'),
    )
  addStoreOptions(retention).action(async ({ file, date, ...options }: Options) => {
    const days = retentionOf(readConfiguration(file))
    if (date) return simulate(days, new Date(date), options)
    if (Object.keys(options).length > 0) {
      throw new Error(
        'Without --date this command reads no store: add --date, or leave the store options out.',
      )
    }
    console.log(describe(days))
  })
}

function describe(retention: Retention): string {
  const { rejected, uploads, unfinishedUploads } = retention.default
  const apps = [...Object.keys(retention.apps), ''].map((app) => {
    const { input, processed, metadata, claims } = daysOf(retention, app)
    return [app || 'any other app', input, processed, metadata, claims]
  })
  return [
    'Days until S3 deletes objects, by prefix:\n',
    formatTable(['app', 'input/', 'processed/', 'metadata/', 'claims/'], apps),
    `\nFor all apps: rejected/ ${rejected}, uploads/ ${uploads}, unfinished multipart uploads ${unfinishedUploads}.`,
    'hashes/ are deleted with input/, events/ and linked/ with metadata/.',
  ].join('\n')
}

async function simulate(retention: Retention, date: Date, options: StoreOptions): Promise<void> {
  const store = await openStore(options)
  try {
    console.log(`store: ${store.label}`)
    const counts = await countDeletions(store, retention, date)
    if (counts.length === 0) return console.log('The store is empty.')
    const rows = counts.map(({ kind, app, objects, bytes, deletedObjects, deletedBytes }) => [
      `${kind}/`,
      app,
      objects,
      bytes,
      deletedObjects,
      deletedBytes,
    ])
    const columns = ['prefix', 'app', 'objects', 'bytes', 'deleted', 'bytes deleted']
    console.log(`Stored now, and deleted by ${date.toISOString().slice(0, 10)}, 00:00 UTC:\n`)
    console.log(formatTable(columns, rows))
  } finally {
    store.close()
  }
}
