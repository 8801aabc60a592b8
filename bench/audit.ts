/**
 * Measures `pnpm darkroom audit` over a local store: seconds, objects a second, the CPU time of its process, and its peak memory,
 * in all and until a fifth of the objects was looked at, which are about the same if memory does not grow with the store.
 * `pnpm bench:audit [images] [--json FILE]`, by default 20,000 images of five objects each: original, three variants, document.
 * The file is for `pnpm reliability`.
 *
 * The store is in memory in this process, so half of the time is the server's. Exits with 1 if the audit found anything.
 */

import { spawn } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { awsEnvironment, startLocalAws } from '@darkroom/local-aws'
import { scriptOptions } from '@darkroom/terminal'
import pMap from 'p-map'
import { acceptAndProcess, openAuditedStore } from '../tools/cli/src/audit/testing/audited-store.ts'

const SAMPLE_MS = 100
/** Of /proc/PID/stat, on Linux. */
const TICKS_PER_SECOND = 100
const WRITERS = 32
const ROOT = join(import.meta.dirname, '..')

const { values, positionals } = scriptOptions(import.meta.filename, {
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

const checkpoint = join(tmpdir(), `bench-audit-${process.pid}.json`)
const began = performance.now()
const { scripts } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'))
const [, ...darkroom]: string[] = scripts.darkroom.split(' ')
const { BUCKET: _, QUEUE_URL: __, ...inherited } = process.env
const audit = spawn(
  process.execPath,
  [
    ...[...darkroom, 'audit', '--bucket', store.bucket.name, '--queue-url', store.queues.queueUrl],
    ...['--settled', '0', '--checkpoint', checkpoint],
  ],
  { cwd: ROOT, env: { ...inherited, ...awsEnvironment(aws.endpoint) }, stdio: 'inherit' },
)
const objects = images * (2 + names.length)
let [peakKilobytes, peakOfFifth, cpuTicks] = [0, 0, 0]
const sampling = setInterval(async () => {
  const files = [`/proc/${audit.pid}/status`, `/proc/${audit.pid}/stat`, checkpoint]
  const [status = '', stat = '', reached = ''] = await Promise.all(
    files.map((file) => readFile(file, 'utf8').catch(() => '')),
  )
  peakKilobytes = Math.max(peakKilobytes, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0))
  if (Number(/"objects":(\d+)/.exec(reached)?.[1] ?? 0) <= objects / 5) peakOfFifth = peakKilobytes
  const [user = 0, system = 0] = stat.split(' ').slice(13, 15).map(Number)
  cpuTicks = Math.max(cpuTicks, user + system)
}, SAMPLE_MS)
const code = await new Promise<number | null>((resolve) => audit.once('exit', resolve))
clearInterval(sampling)
const seconds = (performance.now() - began) / 1000
const cpuSeconds = cpuTicks / TICKS_PER_SECOND
const [megabytes, megabytesOfFifth] = [Math.round(peakKilobytes / 1024), Math.round(peakOfFifth / 1024)]
console.log(`${seconds.toFixed(1)} s in all, ${cpuSeconds.toFixed(1)} s of CPU`)
console.log(`${megabytes} MB at most, ${megabytesOfFifth} MB for the first fifth of the objects`)
if (values.json) {
  const date = new Date().toISOString().slice(0, 10)
  const figures = { seconds, cpuSeconds, megabytes, megabytesOfFifth, isSound: code === 0 }
  await mkdir(dirname(values.json), { recursive: true })
  await writeFile(values.json, JSON.stringify({ date, images, objects, ...figures }, null, 2))
}
store.close()
await aws.stop()
process.exitCode = code ?? 1
