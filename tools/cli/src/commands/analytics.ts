import { relative } from 'node:path'
import { styleText } from 'node:util'
import { AthenaClient } from '@aws-sdk/client-athena'
import { askAthena, type Catalogue, dataDictionary, readQueries, type Table } from '@darkroom/analytics'
import { type LocalCatalogue, openCatalogue, openDocuments } from '@darkroom/catalogue'
import { writeDashboard } from '@darkroom/dashboard'
import { type Command, InvalidArgumentError } from 'commander'
import { formatTable } from '../format-table.ts'
import { openStore } from '../store.ts'
import { addGenerate } from './generate.ts'

const MOST_ROWS = 20

interface Options {
  documents?: string
  export?: string
  dashboard?: string
  days: number
  stage?: string
}

/** `pnpm darkroom analytics ["select …"]`: the catalogue's views and any other question over the local store. */
export function addAnalytics(program: Command): void {
  const analytics = program
    .command('analytics')
    .description('ask the images of the local stack in SQL: the saved queries, or one of your own')
    .argument(
      '[statement]',
      'a view by name, or a statement of SQL over images, image_documents and the views',
    )
    .option(
      '--documents <file>',
      'ask the documents of a file, as generate writes it, instead of the local stack',
    )
    .option(
      '--export <folder>',
      'write images.parquet, image_documents.parquet and darkroom.duckdb for BI tools',
    )
    .option('--dashboard <folder>', 'write the dashboard, a static page with its figures')
    .option('--days <number>', 'how many days the dashboard has, up to today', wholeNumber, 90)
    .option(
      '--stage <name>',
      'ask Athena, with the AWS credentials of the environment, for the dashboard of a stage',
    )
    .enablePositionalOptions()
    .addHelpText(
      'after',
      '\nExample: pnpm darkroom analytics "select status, count(*) from images group by 1"',
    )
    .action(async (statement: string | undefined, options: Options) => {
      if (options.stage) return writeFromAthena(options.stage, options)
      const catalogue = await (options.documents ? openDocuments(options.documents) : openLocalCatalogue())
      try {
        if (options.export) list(await catalogue.exportTo(options.export))
        if (options.dashboard) list(await writeDashboard(catalogue, options.dashboard, options))
        if (options.export || options.dashboard) return
        if (statement) await answer(catalogue, statement)
        else await answerAll(catalogue)
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
}

/** The names are those that analytics-catalog gives. */
async function writeFromAthena(stage: string, { dashboard, days }: Options): Promise<void> {
  if (!dashboard) throw new Error('With --stage say where the dashboard goes: --dashboard FOLDER')
  const athena = new AthenaClient()
  const where = { database: `darkroom_${stage}`, workGroup: `darkroom-${stage}` }
  list(await writeDashboard(askAthena(athena, where), dashboard, { days }))
  athena.destroy()
}

async function openLocalCatalogue(): Promise<LocalCatalogue> {
  const { s3, bucket } = await openStore()
  try {
    return await openCatalogue(s3, bucket)
  } finally {
    s3.destroy()
  }
}

function list(files: string[]): void {
  for (const file of files) console.log(relative(process.env.INIT_CWD ?? '.', file))
}

function wholeNumber(text: string): number {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It has to be a number of days, 1 to 9999.')
}

async function answer(catalogue: Catalogue, statement: string): Promise<void> {
  const saved = readQueries().find(({ name }) => name === statement)
  print(await catalogue.query(saved?.sql ?? statement), Number.POSITIVE_INFINITY)
}

async function answerAll(catalogue: Catalogue): Promise<void> {
  const { rows } = await catalogue.query('SELECT count(*) FROM image_documents')
  if (Number(rows[0]?.[0]) === 0) {
    return console.log('There is no finished image yet. Upload one (pnpm dev says how) and ask again.')
  }
  for (const { name, title, sql } of readQueries()) {
    console.log(`\n${styleText('bold', title)}  ${styleText('dim', name)}`)
    print(await catalogue.query(sql), MOST_ROWS)
  }
}

function print({ columns, rows }: Table, most: number): void {
  console.log(
    rows.length === 0 ? '  nothing' : formatTable(columns, rows.slice(0, most), process.stdout.columns),
  )
  if (rows.length > most) console.log(`  … and ${rows.length - most} more rows`)
}
