/**
 * Measures the cost of a separate engine process, with the program as it is deployed: `pnpm bench:isolation [--photos
 * DIR]`, two minutes. Linux only, because it reads `/proc`.
 */

import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { scriptOptions } from '@darkroom/terminal'
import { type Developer, developHere } from '../services/image-processor/src/development/develop.ts'
import {
  ENGINE_PROCESS,
  startEngineProcess,
} from '../services/image-processor/src/isolation/engine-process.ts'
import { isolate } from '../services/image-processor/src/isolation/isolate.ts'
import { privateMemory } from '../services/image-processor/src/isolation/process-usage.ts'
import { presetOf } from '../services/image-processor/src/presets/presets.ts'
import { photographs } from '../services/image-processor/test/bench-photographs.ts'
import { cpuTimeMs, peakMemory } from '../services/image-processor/test/process-figures.ts'
import { bundleDeployed } from './bundle-deployed.ts'
import { PRICES } from './cost/prices.ts'

const { values: options } = scriptOptions(import.meta.filename, { options: { photos: { type: 'string' } } })
const SIZES = [0.3, 3, 12, 24]
const ROUNDS = 11
const preset = presetOf('web-app-1')
const service = join(import.meta.dirname, '..', 'services', 'image-processor')

const median = (numbers: number[]) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? 0

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now()
  await work()
  return performance.now() - started
}

/** In the service's folder, so that sharp can be resolved. */
async function bundle(name: string): Promise<string> {
  const folder = join(service, '.esbuild', 'isolation')
  await bundleDeployed({ [name]: join(service, 'src', 'handlers', `${name}.ts`) }, folder, ['sharp', 'koffi'])
  return pathToFileURL(join(folder, `${name}.mjs`)).href
}

/** Memory (MB) and load time of the consumer, without the engine's process. */
async function measureConsumer(program: string): Promise<{ megabytes: number; milliseconds: number }> {
  const script = `const started = performance.now()
    await import(${JSON.stringify(program)})
    console.log(JSON.stringify({ milliseconds: performance.now() - started, megabytes: process.memoryUsage.rss() / 1e6 }))
    process.exit()`
  const url = 'http://localhost/queue'
  const env = {
    STAGE: 'bench',
    BUCKET: 'bench',
    QUEUE_URL: url,
    PARKED_QUEUE_URL: url,
    EVENTS_TOPIC_ARN: 'arn:aws:sns:us-east-1:000000000000:darkroom-local-events',
    AWS_REGION: 'us-east-1',
  }
  const args = ['--input-type=module', '--eval', script]
  return JSON.parse((await promisify(execFile)(process.execPath, args, { env })).stdout)
}

async function measureStarts(program: string): Promise<number> {
  const starts = []
  for (let n = 0; n < 5; n++) {
    let started: ReturnType<typeof startEngineProcess> | undefined
    starts.push(
      await timed(async () => {
        started = startEngineProcess(program)
        await started.ready()
      }),
    )
    started?.stop()
  }
  return median(starts)
}

async function medianTime(developer: Developer, original: Uint8Array): Promise<number> {
  await developer.develop(original, preset, 'web-app-1')
  const times = []
  for (let n = 0; n < ROUNDS; n++)
    times.push(await timed(() => developer.develop(original, preset, 'web-app-1')))
  return median(times)
}

/** Between two images: the time in which variants are stored and the next original is read. */
const STORAGE_MS = 100
const FUNCTION_GIGABYTES = 1769 / 1024
const ORDERS = [
  [1, 'turn'],
  [2, 'turn'],
  [6, 'turn'],
  [12, 'turn'],
  [12, 'random'],
  [24, 'random'],
] as const

/** Images of some apps in turn, or at random, once all of them have had one. */
async function measureApps(program: string, original: Uint8Array, apps: number, order: 'turn' | 'random') {
  const developer = isolate({ name: 'sharp', program, seconds: 60, megabytes: 480, pausedMegabytes: 600 })
  const nameOf = (n: number) => `app-${order === 'turn' ? n % apps : Math.floor(Math.random() * apps)}`
  for (let n = 0; n < 2 * apps; n++) {
    await developer.develop(original, preset, nameOf(n))
    await sleep(STORAGE_MS)
  }
  const before = childrensTimeMs()
  const times = []
  for (let n = 0; n < Math.max(2 * ROUNDS, 3 * apps); n++) {
    times.push(await timed(() => developer.develop(original, preset, nameOf(n))))
    await sleep(STORAGE_MS)
  }
  const cpuMs = (childrensTimeMs() - before) / times.length
  const engines = childrensPids().filter(isEngine)
  const megabytes = engines.reduce((sum, pid) => sum + (privateMemory(pid) ?? 0), 0) / 1e6
  developer.stop()
  return { milliseconds: median(times), cpuMs, megabytes, processes: engines.length }
}

function isEngine(pid: number): boolean {
  return readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(ENGINE_PROCESS)
}

/** Processor time of this process's children, those that have ended included (fields 16 and 17 of proc_pid_stat(5)). */
function childrensTimeMs(): number {
  const stat = readFileSync('/proc/self/stat', 'latin1')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const endedMs = (Number(fields[13]) + Number(fields[14])) * 10
  return childrensPids().reduce((sum, pid) => sum + (cpuTimeMs(pid) ?? 0), endedMs)
}

function childrensPids(): number[] {
  return readdirSync('/proc/self/task')
    .flatMap((thread) => readFileSync(`/proc/self/task/${thread}/children`, 'latin1').split(' '))
    .filter(Boolean)
    .map(Number)
}

process.env.POWERTOOLS_LOG_LEVEL = 'SILENT'
/** Must run before the engine is loaded, because sharp opens no files afterwards. */
const originals = await photographs(SIZES, options.photos)
const { sharpEngine } = await import('../services/image-processor/src/engines/sharp-engine.ts')
const program = await bundle('process-images-with-sharp.engine')
const consumer = await measureConsumer(await bundle('process-images-with-sharp'))
console.log(
  `the consumer: ${consumer.megabytes.toFixed(0)} MB, loads in ${consumer.milliseconds.toFixed(0)} ms`,
)
console.log(`an engine process is ready after ${(await measureStarts(program)).toFixed(0)} ms`)
for (const { path, megapixels } of originals) {
  const original = await readFile(path)
  const sameProcessMs = await medianTime(developHere(sharpEngine), original)
  const isolated = isolate({ name: 'sharp', program, seconds: 60, megabytes: 2000 })
  const isolatedMs = await medianTime(isolated, original)
  const peak = peakMemory(isolated.pid())?.resident ?? Number.NaN
  console.log(
    `${megapixels.toFixed(1).padStart(5)} MP, ${(original.length / 1e6).toFixed(1)} MB: ` +
      `${sameProcessMs.toFixed(0)} ms in one process, ${isolatedMs.toFixed(0)} ms in two, engine's peak ${(peak / 1e6).toFixed(0)} MB`,
  )
  isolated.stop()
}
const [, threeMegapixels] = originals
if (threeMegapixels) {
  const original = await readFile(threeMegapixels.path)
  const alone = await measureApps(program, original, 1, 'turn')
  for (const [apps, order] of ORDERS) {
    const measured = apps === 1 ? alone : await measureApps(program, original, apps, order)
    const { milliseconds, cpuMs, megabytes, processes } = measured
    const dollars = ((cpuMs - alone.cpuMs) / 1000) * FUNCTION_GIGABYTES * PRICES.gigabyteSecond * 1e6
    console.log(
      `${apps} apps ${order === 'turn' ? 'in turn' : 'at random'}, ${threeMegapixels.megapixels.toFixed(1)} MP: ` +
        `${milliseconds.toFixed(0)} ms, ${cpuMs.toFixed(0)} ms of processor time, $${dollars.toFixed(2)} more ` +
        `for a million images; ${processes} processes with ${megabytes.toFixed(0)} MB`,
    )
  }
}
