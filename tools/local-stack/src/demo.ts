import { access, constants, mkdir, readdir, rm } from 'node:fs/promises'
import { enableCompileCache } from 'node:module'
import { join, relative } from 'node:path'
import { styleText } from 'node:util'
import { formatBytes } from '@darkroom/page/format'
import { cutText, parseOptions, printable, wrapText } from '@darkroom/terminal'
import pMap from 'p-map'
import { writeContactSheet } from './demo/contact-sheet.ts'
import type { Outcome } from './demo/develop-photograph.ts'
import { findIgnored, findPhotographs, type Ignored, type Photograph } from './demo/photographs.ts'
import { resultsTable } from './demo/results-table.ts'
import { describeFailure, isMistake } from './describe-failure.ts'
import type { Endpoints } from './endpoints.ts'
import { formatLogLine } from './format-log-line.ts'
import { freePorts } from './ports.ts'
import { repositoryRoot } from './repository-root.ts'
import { compileCacheFolder } from './start-services.ts'

const USAGE = `pnpm demo [FILE or FOLDER …] [--verbose]

Starts the whole system on free ports and uploads photographs (yours, or
samples), half of them over HTTP and half over Kafka. Prints the results, writes
a contact sheet and stops. The exit code is 0 if every photograph was processed.`

const outputFolder = join(repositoryRoot, 'demo-output')

async function demo(): Promise<void> {
  const { values, positionals } = parseOptions({
    allowPositionals: true,
    options: {
      verbose: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return console.log(USAGE)
  const photographs = await findPhotographs(positionals)
  printIgnored(await findIgnored(positionals))
  if (photographs.every(({ problem }) => problem)) {
    for (const { name, problem = '' } of photographs) printResult(name, { problem })
    throw new Error('There is nothing to send.')
  }
  await prepareOutput()
  const startedAt = Date.now()
  enableCompileCache(compileCacheFolder)
  console.log('Starting Darkroom on free ports …')
  // Not before: a mistake in the configuration of the apps is reported as any other.
  const { startStack } = await import('./start-stack.ts')
  const stack = await startStack({
    ports: await freePorts(),
    onReady: (part) =>
      console.log(
        `  ${styleText('green', '✔')} ${part.padEnd(18)}${seconds(Date.now() - startedAt).padStart(7)}`,
      ),
    onLine: (service, line) => values.verbose && console.log(formatLogLine(service, line) ?? ''),
  })
  try {
    const outcomes = await developAll(stack.endpoints, photographs)
    for (const name of await readdir(outputFolder))
      await rm(join(outputFolder, name), { recursive: true, force: true })
    const sheet = await writeContactSheet(outcomes, outputFolder)
    console.log(`\n${resultsTable(outcomes)}\n\n${summary(outcomes)}`)
    console.log(`Contact sheet: ${styleText('bold', relative(process.env.INIT_CWD ?? '.', sheet))}`)
    if (outcomes.some(({ problem }) => problem)) process.exitCode = 1
  } finally {
    await stack.stop()
  }
  console.log(`\nNext: ${styleText('bold', 'pnpm dev')} keeps everything running, for your own images.`)
}

const COLUMNS = 80
/** Times of files with usual names are under each other. */
const NAME_COLUMNS = 24

/** A line for a file that was processed; for another one the reason and what to do, in as many lines as they need. */
function printResult(name: string, { problem, milliseconds = 0 }: Partial<Outcome>): void {
  const mark = problem ? styleText('red', '✘') : styleText('green', '✔')
  const time = problem ? '' : `  ${seconds(milliseconds).padStart(6)}`
  console.log(`  ${mark} ${cutText(printable(name), COLUMNS - 12).padEnd(problem ? 0 : NAME_COLUMNS)}${time}`)
  if (problem) console.log(wrapText(problem, { columns: COLUMNS, indent: 4 }))
}

const MAX_NAMES = 10

function printIgnored({ files, folders }: Ignored): void {
  const print = (reason: string, names: string[], advice: string) => {
    if (names.length === 0) return
    const more = names.length > MAX_NAMES ? ` and ${names.length - MAX_NAMES} more` : ''
    const list = names.slice(0, MAX_NAMES).map(printable).join(', ')
    console.log(wrapText(`${reason}: ${list}${more}. ${advice}`))
  }
  print('Not sent, because of their names', files, 'To send one, name the file itself.')
  print('Not searched, because they are folders', folders, 'To send what is in one, name it too.')
}

/** @throws Error that says that it cannot be written, before anything is started */
async function prepareOutput(): Promise<void> {
  try {
    await mkdir(outputFolder, { recursive: true })
    await access(outputFolder, constants.W_OK)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    throw new Error(`${outputFolder} cannot be written (${code}), where the results go.`, { cause })
  }
}

/** Sends two at a time, alternating between HTTP and Kafka. */
async function developAll(endpoints: Endpoints, photographs: Photograph[]): Promise<Outcome[]> {
  console.log(
    `\nSending ${photographs.length === 1 ? 'a photograph' : `${photographs.length} photographs`} …`,
  )
  return pMap(
    photographs,
    async (photograph, index) => {
      const { developPhotograph } = await import('./demo/develop-photograph.ts')
      const outcome = await developPhotograph(endpoints, index % 2 === 0 ? 'HTTP' : 'Kafka', photograph)
      printResult(photograph.name, outcome)
      return outcome
    },
    { concurrency: 2 },
  )
}

function summary(outcomes: Outcome[]): string {
  const processed = outcomes.filter(({ image }) => image?.status === 'processed')
  const before = processed.reduce((sum, { bytes }) => sum + bytes, 0)
  const large = processed.flatMap(({ image }) => image?.variants?.at(-1)?.bytes ?? [])
  const after = large.reduce((sum, bytes) => sum + bytes, 0)
  const failed = outcomes.length - processed.length
  const counts = `${processed.length} processed${failed > 0 ? `, ${failed} not (see above)` : ''}`
  return `${counts}. Originals: ${formatBytes(before)}, largest variants: ${formatBytes(after)}.`
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`
}

try {
  await demo()
} catch (error) {
  const reason = isMistake(error) ? describeFailure(error) : (error as Error).message
  console.error(`\n${styleText('red', 'The demo failed.')} ${reason}`)
  process.exitCode = 1
}
