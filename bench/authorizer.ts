/**
 * Measures the authorizer with many apps: `pnpm bench:authorizer [--apps N]`, a minute. Stores a key of each app in a local S3,
 * bundles the authorizer as it is deployed, and calls it with every key in turn, so that each record is read from S3; then again,
 * when all are cached; then with keys that do not exist. Prints the percentiles of each, and the processor time of new processes with one request.
 */
import { execFile } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { CreateBucketCommand } from '@aws-sdk/client-s3'
import { openBucket, storeKey } from '@darkroom/bucket'
import { formatApiKey, newApiKey, recordOf } from '@darkroom/core'
import { awsEnvironment, startLocalAws } from '@darkroom/local-aws'
import { formatTable, scriptOptions } from '@darkroom/terminal'
import pMap from 'p-map'
import { bundleDeployed } from './bundle-deployed.ts'
import { percentile } from './percentile-table.ts'

const { values: options } = scriptOptions(import.meta.filename, {
  options: { apps: { type: 'string', default: '5000' } },
})
const apps = Number(options.apps)
const COLD_STARTS = 9

const root = join(import.meta.dirname, '..')
const folder = join(root, 'services/upload-api/.esbuild/authorizer')
const file = join(folder, 'authorize.mjs')
await mkdir(folder, { recursive: true })
const authorize = join(root, 'services/upload-api/src/routes/authorize.ts')
await bundleDeployed({ authorize }, folder, [])

const aws = await startLocalAws()
const environment = { ...awsEnvironment(aws.endpoint), BUCKET: 'bench' }
Object.assign(process.env, environment)
const bucket = openBucket('bench')
await bucket.s3.send(new CreateBucketCommand({ Bucket: 'bench' }))
const keys = Array.from({ length: apps }, (_, n) => ({ app: `app-${n}`, key: newApiKey(`app-${n}`, 'test') }))
await pMap(keys, ({ app, key }) => storeKey(bucket, key, recordOf(key, app)), { concurrency: 20 })

interface Authorizer {
  handler(event: object): Promise<{ context: { app?: string; refusal?: string } }>
}

const { handler }: Authorizer = await import(file)

/** Milliseconds of each call, one after the other. */
async function time(expected: (n: number) => object, apiKeys: string[]): Promise<number[]> {
  const times: number[] = []
  for (const [n, apiKey] of apiKeys.entries()) {
    const began = performance.now()
    const { context } = await handler({ headers: { authorization: `Bearer ${apiKey}` } })
    times.push(performance.now() - began)
    for (const [name, value] of Object.entries(expected(n)))
      if (Object(context)[name] !== value) throw new Error(`${JSON.stringify(context)}, not ${name} ${value}`)
  }
  return times
}

const apiKeys = keys.map(({ key }) => formatApiKey(key))
const ofApp = (n: number) => ({ app: `app-${n}` })
const first = await time(ofApp, apiKeys)
// Those that were read in the last seconds.
const recent = apiKeys.slice(-500)
const cached = await time((n) => ofApp(apps - recent.length + n), recent)
const absent = Array.from({ length: 500 }, () => formatApiKey(newApiKey('app-0', 'test')))
const unknown = await time(() => ({ refusal: 'unknown' }), absent)
const mistyped = await time(
  () => ({ refusal: 'malformed' }),
  apiKeys.map((apiKey) => `${apiKey}0`),
)

/** Processor time of a new process that loads the function and answers its first request. */
async function coldStart(): Promise<number> {
  const script = `const { handler } = await import(${JSON.stringify(file)})
    const { context } = await handler({ headers: { authorization: 'Bearer ' + ${JSON.stringify(apiKeys[0])} } })
    if (context.app !== 'app-0') throw new Error(JSON.stringify(context))
    const { user, system } = process.cpuUsage()
    process.stdout.write(String((user + system) / 1000), () => process.exit())`
  const args = ['--input-type=module', '--eval', script]
  const env = { ...process.env, ...environment }
  return Number((await promisify(execFile)(process.execPath, args, { env })).stdout)
}

const cold: number[] = []
for (let n = 0; n < COLD_STARTS; n++) cold.push(await coldStart())

console.log(`${apps} apps with a key each, one instance, one request at a time`)
const rows = Object.entries({
  'first request of a key (GET, PUT)': first,
  cached,
  'no such key (GET)': unknown,
  mistyped,
  'a new process with one request, processor time': cold,
}).map(([title, times]) => [
  title,
  ...[0.5, 0.95, 1].map((part) => `${percentile(times, part).toFixed(2)} ms`),
])
console.log(formatTable(['', 'p50', 'p95', 'max'], rows))
bucket.s3.destroy()
await aws.stop()
