import { DatePartition } from '@darkroom/core'
import { daysOf, RETENTION_FILE, type Retention, readRetention } from '@darkroom/retention'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { countDeletions } from '../count-deletions.ts'
import { formatTable } from '../format-table.ts'
import { openStore } from '../store.ts'

interface Options {
  file: string
  date?: Date
  bucket?: string
}

/** `pnpm darkroom retention [--date DATE] [--bucket NAME]`: what is kept how long, and what goes by a date. */
export function addRetention(program: Command): void {
  program
    .command('retention')
    .description('print what is kept how long, or what S3 will have deleted by a date')
    .addOption(new Option('--file <path>', 'the retention').env('RETENTION_FILE').default(RETENTION_FILE))
    .option('--date <date>', 'count the objects that are gone by then, such as 2027-03-01', parseDate)
    .option('--bucket <name>', 'of a bucket on AWS instead of the local stack, with --date')
    .action(async ({ file, date, bucket }: Options) => {
      const retention = readRetention(file)
      console.log(date ? await simulate(retention, date, bucket) : describe(retention))
    })
}

function parseDate(text: string): Date {
  const date = DatePartition.safeParse(text)
  if (date.success) return new Date(date.data)
  throw new InvalidArgumentError('Write it like 2027-03-01.')
}

function describe(retention: Retention): string {
  const { rejected, uploads, unfinishedUploads } = retention.default
  const apps = [...Object.keys(retention.apps), ''].map((app) => {
    const { input, processed, metadata, claims } = daysOf(retention, app)
    return [app || 'any other app', input, processed, metadata, claims]
  })
  return [
    'Days after which things are deleted, by prefix of the bucket:\n',
    formatTable(['app', 'input/', 'processed/', 'metadata/', 'claims/'], apps),
    `\nOf all apps: rejected/ ${rejected}, uploads/ ${uploads}, unfinished multipart uploads ${unfinishedUploads}.`,
    'hashes/ go with input/.',
  ].join('\n')
}

async function simulate(retention: Retention, date: Date, bucket: string | undefined): Promise<string> {
  const store = await openStore(bucket)
  try {
    const counts = await countDeletions(store, retention, date)
    if (counts.length === 0) return 'The store is empty.'
    const rows = counts.map(({ kind, app, objects, bytes, deletedObjects, deletedBytes }) => [
      `${kind}/`,
      app,
      objects,
      bytes,
      deletedObjects,
      deletedBytes,
    ])
    const columns = ['prefix', 'app', 'objects', 'bytes', 'gone', 'bytes gone']
    return `What is stored now, and what of it is gone by ${date.toISOString().slice(0, 10)}, 00:00 UTC:\n\n${formatTable(columns, rows)}`
  } finally {
    store.s3.destroy()
  }
}
