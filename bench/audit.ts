/**
 * Measures `pnpm darkroom audit` over a local store: seconds, objects a second, and the CPU time and peak memory of its process.
 * `pnpm bench:audit [images] [--json FILE]`, by default 20,000 images of five objects each: original, three variants, document.
 * The file is for `pnpm reliability`.
 *
 * The store is in memory in this process, so half of the time is the server's. Exits with 1 if the audit found anything.
 */

import { spawn } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { parseArgs } from 'node:util'
import { awsEnvironment, startLocalAws } from '@darkroom/local-aws'
import pMap from 'p-map'
import { acceptAndProcess, openAuditedStore } from '../tools/cli/src/audit/testing/audited-store.ts'

const SAMPLE_MS = 100
/** Of /proc/PID/stat, on Linux. */
const TICKS_PER_SECOND = 100
const WRITERS = 32
const CLI = new URL('../tools/cli/src/darkroom.ts', import.meta.url).pathname

const { values, positionals } = parseArgs({
  options: { json: { type: 'string' } },
  allowPositionals: true,
})
const images = Number(positionals[0] ?? 20_000)
const aws = await startLocalAws()
const store = await openAuditedStore(aws.endpoint, 'bench-audit')
const names = ['thumb', 'medium', 'large']
console.log(`writing ${images} images`)
await pMap(Array.from({ length: images }), () => acceptAndProcess(store, 'web-app-1', names), {
  concurrency: WRITERS,
})

const began = performance.now()
const { BUCKET: _, QUEUE_URL: __, ...inherited } = process.env
const audit = spawn(
  process.execPath,
  [
    ...[CLI, 'audit', '--bucket', 'bench-audit', '--queue-url', store.queues.queueUrl],
    ...['--settled', '0', '--checkpoint', `.cache/bench-audit-${process.pid}.json`],
  ],
  { env: { ...inherited, ...awsEnvironment(aws.endpoint) }, stdio: 'inherit' },
)
let [peakKilobytes, cpuTicks] = [0, 0]
const sampling = setInterval(async () => {
  const readProcess = (name: string) => readFile(`/proc/${audit.pid}/${name}`, 'utf8').catch(() => '')
  const [status, stat] = await Promise.all([readProcess('status'), readProcess('stat')])
  peakKilobytes = Math.max(peakKilobytes, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0))
  const [user = 0, system = 0] = stat.split(' ').slice(13, 15).map(Number)
  cpuTicks = Math.max(cpuTicks, user + system)
}, SAMPLE_MS)
const code = await new Promise<number | null>((resolve) => audit.once('exit', resolve))
clearInterval(sampling)
const seconds = (performance.now() - began) / 1000
const cpuSeconds = cpuTicks / TICKS_PER_SECOND
console.log(
  `${seconds.toFixed(1)} s in all, ${cpuSeconds.toFixed(1)} s of CPU, ${Math.round(peakKilobytes / 1024)} MB at most`,
)
if (values.json) {
  const date = new Date().toISOString().slice(0, 10)
  const megabytes = Math.round(peakKilobytes / 1024)
  const results = { date, images, objects: 5 * images, seconds, cpuSeconds, megabytes, isSound: code === 0 }
  await mkdir(dirname(values.json), { recursive: true })
  await writeFile(values.json, JSON.stringify(results, null, 2))
}
store.close()
await aws.stop()
process.exitCode = code ?? 1
