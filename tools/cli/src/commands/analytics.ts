import { relative } from 'node:path'
import { styleText } from 'node:util'
import { AthenaClient } from '@aws-sdk/client-athena'
import {
  askAthena,
  type Catalogue,
  dataDictionary,
  ofStage,
  readQueries,
  type Table,
} from '@darkroom/analytics'
import { type LocalCatalogue, openCatalogue, openDocuments } from '@darkroom/catalogue'
import { writeDashboard } from '@darkroom/dashboard'
import { formatTable, printable } from '@darkroom/terminal'
import { type Command, Option } from 'commander'
import { addStoreOptions, openStore, type StoreOptions } from '../open-store.ts'
import { wholeNumberUpTo } from '../parsed-by.ts'
import { addGenerate } from './generate.ts'
import { addSuperset } from './superset.ts'

const MAX_ROWS = 20

interface Options extends StoreOptions {
  documents?: string
  export?: string
  dashboard?: string
  days: number
  stage?: string
}

/** `pnpm darkroom analytics ["select …"]`: queries the metadata documents of a store in SQL. */
export function addAnalytics(program: Command): void {
  const analytics = program
    .command('analytics')
    .description('query images in SQL: all saved queries, one of them, or your own statement')
    .argument('[statement]', 'a saved query by name, or SQL over images_now and the other views and tables')
    .addOption(
      new Option(
        '--documents <file>',
        'query the documents in a file, as generate writes it, instead of a store',
      ).conflicts(['bucket', 'queueUrl', 'local', 'stage']),
    )
    .option(
      '--export <folder>',
      'write images.parquet, image_documents.parquet and darkroom.duckdb for BI tools',
    )
    .option('--dashboard <folder>', 'write the dashboard: a static page with its figures')
    .option('--days <number>', 'number of days on the dashboard, up to today', wholeNumberUpTo(9999), 365)
    .addOption(
      new Option(
        '--stage <name>',
        'write the dashboard of a stage from Athena, with the AWS credentials of the environment',
      ).conflicts(['bucket', 'queueUrl', 'local', 'documents', 'export']),
    )
    .enablePositionalOptions()
  addStoreOptions(analytics)
    .addHelpText(
      'after',
      '\nExample:\n  pnpm darkroom analytics "select status, count(*) from images_now group by 1"',
    )
    .action(async (statement: string | undefined, options: Options) => {
      if (options.stage) return writeFromAthena(options.stage, options)
      const catalogue = await openNamed(options)
      try {
        if (options.export) list(await catalogue.exportTo(options.export))
        if (options.dashboard) list(await writeDashboard(catalogue, options.dashboard, options))
        if (options.export || options.dashboard) return
        if (statement) await runQuery(catalogue, statement)
        else await runAllQueries(catalogue)
      } finally {
        catalogue.close()
      }
    })
  analytics
    .command('dictionary')
    .description('print docs/data-dictionary.md: every table, view and column')
    .action(() => {
      process.stdout.write(dataDictionary())
    })
  addGenerate(analytics)
  addSuperset(analytics)
}

async function writeFromAthena(stage: string, { dashboard, days }: Options): Promise<void> {
  if (!dashboard) throw new Error('--stage needs an output folder: add --dashboard FOLDER.')
  const athena = new AthenaClient()
  const where = ofStage(stage)
  console.log(`store: Athena database ${where.database} (AWS, ${await athena.config.region()})`)
  list(await writeDashboard(askAthena(athena, where), dashboard, { days }))
  athena.destroy()
}

async function openNamed({ documents, ...options }: Options): Promise<LocalCatalogue> {
  if (documents !== undefined) {
    console.log(`store: documents in ${documents}`)
    return openDocuments(documents)
  }
  const store = await openStore(options)
  try {
    console.log(`store: ${store.label}`)
    const catalogue = await openCatalogue(store.bucket.s3, store.bucket.name)
    warnAboutUnreadable(catalogue.unreadable)
    return catalogue
  } finally {
    store.close()
  }
}

/** On stderr, so that results can be piped. */
function warnAboutUnreadable(unreadable: ReadonlyMap<string, string>): void {
  if (unreadable.size === 0) return
  const documents = unreadable.size === 1 ? '1 document' : `${unreadable.size} documents`
  console.error(`${documents} skipped because of errors:`)
  for (const [key, reason] of unreadable) console.error(printable(`  ${key}: ${reason}`))
}

function list(files: string[]): void {
  for (const file of files) console.log(relative(process.env.INIT_CWD ?? '.', file))
}

async function runQuery(catalogue: Catalogue, statement: string): Promise<void> {
  const saved = readQueries().find(({ name }) => name === statement)
  print(await catalogue.query(saved?.sql ?? statement), Number.POSITIVE_INFINITY)
}

async function runAllQueries(catalogue: Catalogue): Promise<void> {
  const { rows } = await catalogue.query('SELECT count(*) FROM image_documents')
  if (Number(rows[0]?.[0]) === 0) {
    return console.log('No image is finished yet. Upload one (pnpm dev prints how) and try again.')
  }
  for (const { name, title, sql } of readQueries()) {
    console.log(`\n${styleText('bold', title)}  ${styleText('dim', name)}`)
    print(await catalogue.query(sql), MAX_ROWS)
  }
}

function print({ columns, rows }: Table, maxRows: number): void {
  console.log(
    rows.length === 0
      ? '  no rows'
      : formatTable(columns, rows.slice(0, maxRows), process.stdout.columns ?? Number.POSITIVE_INFINITY),
  )
  if (rows.length > maxRows) console.log(`  … and ${rows.length - maxRows} more rows`)
}
