/**
 * `pnpm test`: runs jest in the current folder, so only the tests of `packages/core` if started there. It accepts jest's
 * options, and `--changed`: only tests that depend on files that differ from main.
 *
 * `--suite=NAME` runs one of the slow suites, and `--suite=quick` everything else.
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { cleanEnvironment } from './clean-environment.ts'

/** Tests that take minutes: whole pages in a browser, and `serverless package` of every service with several settings. */
const SLOW_SUITES: Record<string, string[]> = {
  pages: ['test/web-app-1/', 'test/dashboard/', 'test/client-in-browser.', 'apps/web-app-2/src/page.'],
  packages: [
    'test/templates.',
    'test/kafka-bridge-template.',
    'test/analytics-catalog-template.',
    'test/image-processor-zips.',
  ],
}

/**
 * A worker whose heap has more after a file ends. Node keeps the modules of each file, 5 to 80 MB, and large buffers cost four times
 * as much in a heap of 2 GB. Not for single files: with a limit jest starts workers even for one.
 */
const MAX_HEAP = '--workerIdleMemoryLimit=1GB'

/**
 * Buffers count as a part of the heap, whose size decides when V8 looks for garbage. Otherwise it searches the whole heap for each 64
 * MB of buffers, which tests with images, bodies or WebAssembly allocate in a second. See decisions/0040-jest-keeps-its-sandbox.md.
 */
const COUNT_BUFFERS = '--external-memory-accounted-in-global-limit'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const options = process.argv.slice(2)
const { status } = spawnSync(
  process.execPath,
  [
    '--experimental-vm-modules',
    COUNT_BUFFERS,
    '--disable-warning=ExperimentalWarning',
    `${root}node_modules/jest/bin/jest.js`,
    `--config=${root}jest.config.js`,
    `--rootDir=${process.cwd()}`,
    ...(options.every((option) => option.startsWith('-')) ? [MAX_HEAP] : []),
    ...toJestOptions(options),
  ],
  {
    stdio: 'inherit',
    env: {
      ...cleanEnvironment(process.env, root),
      // Processes that tests start load their modules as they were compiled before. The local stack uses the same cache.
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? `${root}node_modules/.cache/compiled`,
      // esbuild, a program in Go that ends soon, collects garbage for a fifth of its processor time with Go's default of 100.
      GOGC: process.env.GOGC ?? '400',
    },
  },
)
process.exitCode = status ?? 1

function toJestOptions(options: string[]): string[] {
  if (options.includes('--changed')) {
    return options.map((option) => (option === '--changed' ? changedSinceMain() : option))
  }
  const suite = options.find((option) => option.startsWith('--suite='))
  if (!suite) return options
  return [...options.filter((option) => option !== suite), ...selectionOf(suite.replace('--suite=', ''))]
}

function selectionOf(suite: string): string[] {
  if (suite === 'quick') return Object.values(SLOW_SUITES).flat().map(leaveOut)
  const files = SLOW_SUITES[suite]
  if (!files)
    return stop(`There is no suite ${suite}. There are: quick, ${Object.keys(SLOW_SUITES).join(', ')}.`)
  return files
}

/** Not that of `@darkroom/terminal`, whose packages take longer to load than this. */
function stop(mistake: string): never {
  console.error(mistake)
  process.exit(1)
}

function leaveOut(path: string): string {
  return `--testPathIgnorePatterns=<rootDir>/${path}`
}

function changedSinceMain(): string {
  const branch = ['main', 'origin/main'].find(
    (name) => spawnSync('git', ['rev-parse', '--verify', '--quiet', name]).status === 0,
  )
  if (!branch) return stop('--changed compares with main or origin/main, and this clone has neither.')
  return `--changedSince=${branch}`
}
