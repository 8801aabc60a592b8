import { rm } from 'node:fs/promises'
import { enableCompileCache } from 'node:module'
import { join, relative } from 'node:path'
import { stderr, stdin, stdout } from 'node:process'
import { styleText } from 'node:util'
import { parseOptions, wrapText } from '@darkroom/terminal'
import { listenToKeys } from './cockpit/keys.ts'
import { createLogView, type LogView } from './cockpit/log-view.ts'
import { type Configuration, readConfiguration } from './configuration.ts'
import { describeFailure, isMistake } from './describe-failure.ts'
import { type Endpoints, endpointsFile, removeEndpoints, STATE_FOLDERS, writeEndpoints } from './endpoints.ts'
import { whenLauncherEnds } from './launchers.ts'
import { followServers, sourcesOfTools } from './reload/follow-servers.ts'
import { followImports } from './reload/loaded-modules.ts'
import { type Log, reloadOnChange } from './reload/reload-on-change.ts'
import { repositoryRoot } from './repository-root.ts'
import { compileCacheFolder, INSPECT_PORT, SERVICES, type ServiceName } from './start-services.ts'
import type { Stack } from './start-stack.ts'

const USAGE = `pnpm dev [--clean] [--verbose] [--inspect SERVICE]

Runs the whole system on this machine until Ctrl-C.

  --clean           starts empty: deletes what is stored in LOCAL_DIR
  --verbose         prints every log line
  --inspect SERVICE lets a debugger attach to the handlers of one of
                    ${SERVICES.join(', ')}`

async function dev(): Promise<void> {
  const { values } = parseOptions({
    options: {
      clean: { type: 'boolean', default: false },
      verbose: { type: 'boolean', default: false },
      inspect: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return console.log(USAGE)
  const inspect = SERVICES.find((name) => name === values.inspect)
  if (values.inspect !== undefined && !inspect) {
    throw new Error(`--inspect takes one of ${SERVICES.join(', ')}.`)
  }
  const configuration = await readConfiguration()
  try {
    await run(configuration, { ...values, inspect })
  } finally {
    await configuration.release()
  }
}

/** The tools that run in this process. */
const STORES = sourcesOfTools('local-aws', 'local-kafka', 'local-stack', 'terminal')

interface RunOptions {
  clean: boolean
  verbose: boolean
  inspect: ServiceName | undefined
}

async function run({ ports, folder }: Configuration, { clean, verbose, inspect }: RunOptions): Promise<void> {
  if (clean) {
    for (const part of STATE_FOLDERS) await rm(join(folder, part), { recursive: true, force: true })
  }
  const startedAt = Date.now()
  const interruption = new AbortController()
  interruption.signal.addEventListener('abort', () => console.log('\nStopping …'))
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interruption.abort())
  whenLauncherEnds(() => interruption.abort())
  // What reads the output, such as `head`, has enough.
  stdout.on('error', () => interruption.abort())
  const view = createLogView(printLine, verbose)
  console.log('Starting Darkroom …')
  enableCompileCache(compileCacheFolder)
  followImports()
  // Loading all parts takes a second: a mistake in the configuration is reported before.
  const { startStack } = await import('./start-stack.ts')
  const stack = await startStack({
    ports,
    dataDir: folder,
    inspect,
    signal: interruption.signal,
    onReady: (part) =>
      console.log(`  ${styleText('green', '✔')} ${part.padEnd(18)}${seconds(startedAt).padStart(7)}`),
    onLine: view.take,
  }).catch((error) => {
    if (!interruption.signal.aborted) throw error
  })
  if (!stack) return console.log('Stopped.')
  try {
    await serve(stack, { view, inspect, startedAt, interruption })
  } finally {
    await removeEndpoints().finally(stack.stop)
  }
}

interface Session extends Pick<RunOptions, 'inspect'> {
  view: LogView
  startedAt: number
  /** Ends it. */
  interruption: AbortController
}

/** Follows keys and edits until the stack ends. @throws Error if that is not by the user */
async function serve(stack: Stack, { view, inspect, startedAt, interruption }: Session): Promise<void> {
  await writeEndpoints(stack.endpoints)
  const quit = () => interruption.abort()
  // Not before: a mistake in the configuration of the apps is reported as any other.
  const { cockpitKeys } = await import('./cockpit/cockpit-keys.ts')
  const keys = cockpitKeys({ endpoints: stack.endpoints, view, write: printLine, quit })
  // First, so that the terminal does not echo a key that is pressed at once.
  const stopListening = listenToKeys(keys, printLine)
  console.log(welcome(stack.endpoints, startedAt))
  if (inspect) console.log(`A debugger for ${inspect} can attach to 127.0.0.1:${INSPECT_PORT}.\n`)
  const stopFollowingServers = followServers(STORES, stack.pages, logOf(view, 'pnpm dev').warning)
  const pages = reloadOnChange(stack.pages, ([name = '', ...others]) =>
    logOf(view, others.length === 0 ? name : `${others.length + 1} pages`),
  )
  try {
    const ended = await Promise.race([whenAborted(interruption.signal), stack.ended.then(() => true)])
    if (ended) throw new Error('The services exited. See their last lines above.')
  } finally {
    await pages.stop()
    stopFollowingServers()
    stopListening()
  }
}

function logOf(view: LogView, service: string): Log {
  const write = (level: string) => (message: string) =>
    view.take(service, JSON.stringify({ level, message, service, timestamp: new Date() }))
  return { notice: write('INFO'), warning: write('WARN'), error: write('ERROR') }
}

function whenAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve())
  })
}

/** With a port of five digits, and a gap. */
const URL_COLUMNS = 'http://127.0.0.1:40000  '.length

function welcome(
  { uploadApi, webApp1, webApp2, dashboard, aws, kafkaBrokers, apps }: Endpoints,
  startedAt: number,
): string {
  const bold = (text: string) => styleText('bold', text)
  return `
${bold('Darkroom is ready')} after ${seconds(startedAt)}.

  upload API   ${uploadApi}/v1
  try it       ${uploadApi}/docs
  Loupe        ${webApp1.padEnd(URL_COLUMNS)}web-app-1, uploads over HTTP
  Field Notes  ${webApp2.padEnd(URL_COLUMNS)}web-app-2, sends over Kafka
  Lightmeter   ${dashboard.padEnd(URL_COLUMNS)}the dashboard
  S3, SQS      ${aws}
  Kafka        ${kafkaBrokers}
  endpoints    ${pathToShow(endpointsFile())}

${stdin.isTTY ? KEYS : curlCommands(uploadApi, apps['web-app-1']?.apiKey)}
Press Ctrl-C to stop. Uploads are kept; pnpm dev --clean starts empty.
`
}

/** Relative in the repository. */
function pathToShow(path: string): string {
  const shown = relative(repositoryRoot, path)
  return shown.startsWith('..') ? path : shown
}

const KEYS = 'Press u to send a sample photograph, o to open the pages, ? for all keys.'

function curlCommands(uploadApi: string, apiKey = ''): string {
  return `Upload a photograph:
  curl -i ${uploadApi}/v1/images \\
    -H 'Authorization: Bearer ${apiKey}' \\
    -H 'Content-Type: image/jpeg' --data-binary @photo.jpg
Get its status, with the id from the response:
  curl ${uploadApi}/v1/images/ID \\
    -H 'Authorization: Bearer ${apiKey}' -H 'Prefer: wait=10'
`
}

function seconds(since: number): string {
  return `${((Date.now() - since) / 1000).toFixed(1)} s`
}

function printLine(line: string): void {
  stdout.write(`${line}\n`)
}

try {
  await dev()
} catch (error) {
  const reason = isMistake(error) ? describeFailure(error) : (error as Error).message
  const message = `${styleText('red', 'Darkroom stopped.')} ${reason}`
  console.error(`\n${stderr.isTTY ? wrapText(message, { columns: Math.min(stderr.columns, 100) }) : message}`)
  process.exitCode = 1
}
