/**
 * Measures what a cold start loads: `pnpm bench:cold-start [--check]`, a minute. Bundles each function as it is deployed, loads
 * every bundle in a new process, one after the other for several rounds, and prints the processor time over an empty process, and
 * its ratio to the S3 client alone. It is the lower quartile of the rounds, because other work on the machine only adds to it. Also
 * prints the memory of the process once it is loaded, and the size of each zip without what is installed into it (sharp). `--check`
 * ends with 1 if a function is over its budget.
 */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { deflateRawSync } from 'node:zlib'
import { formatTable, scriptOptions } from '@darkroom/terminal'
import { build } from 'esbuild'
import pMap from 'p-map'
import { parse } from 'yaml'
import { bundleDeployed } from './bundle-deployed.ts'

const { values: options } = scriptOptions(import.meta.filename, { options: { check: { type: 'boolean' } } })
const ROUNDS = 13
const ROOT = join(import.meta.dirname, '..')
/** Inside the repository, so that packages that are not bundled are found. */
const folderOf = (service: string) => join(ROOT, 'services', service, '.esbuild', 'cold-start')

/** What a function may have: thousands of bytes of its zip, and its processor time as a ratio to the S3 client's or in milliseconds. */
interface Limits {
  kilobytes?: number
  ratio?: number
  milliseconds?: number
}
/** What is aimed at. */
const AIMS: Record<string, Limits> = {
  'upload-api authorize': { kilobytes: 300, milliseconds: 10 },
  'upload-api': { kilobytes: 300, ratio: 1.15 },
  'image-processor processImages': { ratio: 1.4 },
  '': { kilobytes: 300 },
}
/** What `--check` allows: more than was measured, because a shared machine makes a difference. */
const BUDGETS: Record<string, Limits> = {
  'upload-api authorize': { kilobytes: 30, milliseconds: 30 },
  'image-processor processImages': { kilobytes: 420, ratio: 1.5 },
  '': { kilobytes: 285, ratio: 1.3 },
}

const url = 'http://127.0.0.1/000000000000/images'
const ENVIRONMENT: NodeJS.ProcessEnv = {
  AWS_REGION: 'us-east-1',
  STAGE: 'bench',
  BUCKET: 'bench',
  ANALYTICS_BUCKET: 'bench',
  UNDELIVERED_BUCKET: 'bench',
  QUEUE_URL: url,
  PARKED_QUEUE_URL: url,
  EVENTS_TOPIC_ARN: 'arn:aws:sns:us-east-1:000000000000:darkroom-local-events',
  MALLOC_ARENA_MAX: '1',
}

interface Program {
  title: string
  file: string
  /** Compressed, with the source map. */
  bytes: number
}

interface Template {
  functions: Record<string, { handler: string }>
  custom: { esbuild: { external?: string[] } }
}

async function bundleService(service: string): Promise<Program[]> {
  const folder = join(ROOT, 'services', service)
  const template: Template = parse(await readFile(join(folder, 'serverless.yml'), 'utf8'))
  const sources = Object.entries(template.functions).flatMap(([name, { handler }]) => {
    // The default engine and decoder.
    const source = join(
      folder,
      handler.replace(/\$\{param:imageEngine\}.*(?=\.handler)/, 'sharp').replace(/\.\w+$/, '.ts'),
    )
    const engine = source.replace(/\.ts$/, '.engine.ts')
    return existsSync(engine)
      ? [
          [name, source],
          [`${name}.engine`, engine],
        ]
      : [[name, source]]
  })
  await bundleDeployed(Object.fromEntries(sources), folderOf(service), template.custom.esbuild.external ?? [])
  const filesOf = (name: string) => [`${name}.mjs`, `${name}.mjs.map`]
  return Promise.all(
    Object.keys(template.functions).map(async (name) => {
      const programs = [name, `${name}.engine`].filter((program) => sources.some(([own]) => own === program))
      const files = programs.flatMap(filesOf).map((file) => join(folderOf(service), file))
      return {
        title: `${service} ${name}`,
        file: join(folderOf(service), `${name}.mjs`),
        bytes: await compressedBytes(...files),
      }
    }),
  )
}

async function compressedBytes(...files: string[]): Promise<number> {
  const sizes = await Promise.all(
    files.map(async (file) => deflateRawSync(await readFile(file), { level: 6 }).length),
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}

/** With esbuild's defaults and minified: what a function with nothing but the S3 client would load. */
async function bundleS3Client(): Promise<Program> {
  const file = join(folderOf('upload-api'), 's3-client.mjs')
  await build({
    stdin: {
      contents: `import { S3Client } from '@aws-sdk/client-s3'; export const s3 = new S3Client({})`,
      resolveDir: join(ROOT, 'packages', 'bucket'),
    },
    outfile: file,
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  })
  return { title: 'the S3 client alone', file, bytes: await compressedBytes(file) }
}

async function writeEmpty(): Promise<Program> {
  const file = join(folderOf('upload-api'), 'empty.mjs')
  await mkdir(folderOf('upload-api'), { recursive: true })
  await writeFile(file, '')
  return { title: 'an empty process', file, bytes: 0 }
}

/** What a new process took that loads a program. */
interface Start {
  /** Processor time of all threads, in milliseconds. */
  milliseconds: number
  /** Resident once it is loaded. */
  megabytes: number
}

async function load({ file }: Program): Promise<Start> {
  const script = `await import(${JSON.stringify(file)})
    const { user, system } = process.cpuUsage()
    const start = { milliseconds: (user + system) / 1000, megabytes: process.memoryUsage.rss() / 1e6 }
    process.stdout.write(JSON.stringify(start), () => process.exit())`
  const args = ['--input-type=module', '--eval', script]
  return JSON.parse((await promisify(execFile)(process.execPath, args, { env: ENVIRONMENT })).stdout)
}

const lowerQuartile = (numbers: number[]) =>
  numbers.toSorted((a, b) => a - b)[numbers.length >> 2] ?? Number.NaN

const empty = await writeEmpty()
const s3Client = await bundleS3Client()
const services = ['upload-api', 'image-processor', 'kafka-bridge', 'analytics-catalog']
const functions = (await pMap(services, bundleService, { concurrency: 1 })).flat()
const programs = [empty, s3Client, ...functions]

const starts = new Map<Program, Start[]>(programs.map((program) => [program, []]))
for (let round = 0; round < ROUNDS; round++) {
  // Each round begins with another program, so that periodic work on the machine does not always meet the same ones.
  const first = Math.floor((round / ROUNDS) * programs.length)
  for (const program of [...programs.slice(first), ...programs.slice(0, first)]) {
    starts.get(program)?.push(await load(program))
  }
}

const measured = (program: Program, unit: keyof Start = 'milliseconds') =>
  lowerQuartile((starts.get(program) ?? []).map((start) => start[unit]))
const overEmpty = (program: Program) => measured(program) - measured(empty)
const ratioOf = (program: Program) => overEmpty(program) / overEmpty(s3Client)

/** The entry of the function, of its service, or of all. */
const limitsOf = (table: Record<string, Limits>, { title }: Program): Limits =>
  table[title] ?? table[title.split(' ')[0] ?? ''] ?? table[''] ?? {}

function isOver(program: Program, table: Record<string, Limits>): boolean {
  const {
    kilobytes = Number.POSITIVE_INFINITY,
    ratio = Number.POSITIVE_INFINITY,
    milliseconds = Number.POSITIVE_INFINITY,
  } = limitsOf(table, program)
  return program.bytes > kilobytes * 1000 || ratioOf(program) > ratio || overEmpty(program) > milliseconds
}

const rows = [s3Client, ...functions].map((program) => [
  program.title,
  `${Math.round(program.bytes / 1000)} KB`,
  `${measured(program, 'megabytes').toFixed(0)} MB`,
  `${overEmpty(program).toFixed(0)} ms`,
  ratioOf(program).toFixed(2),
  program !== s3Client && isOver(program, AIMS) ? 'misses its aim' : '',
])
console.log(formatTable(['', 'zip', 'memory', 'processor time', 'ratio', ''], rows))
const emptyTakes = `${measured(empty).toFixed(0)} ms and ${measured(empty, 'megabytes').toFixed(0)} MB`
console.log(`An empty process takes ${emptyTakes}. ${ROUNDS} rounds, lower quartiles.`)
const over = functions.filter((program) => isOver(program, BUDGETS))
if (options.check && over.length > 0) {
  console.error(`Over budget: ${over.map(({ title }) => title).join(', ')}. See bench/cold-start.ts.`)
  process.exit(1)
}
