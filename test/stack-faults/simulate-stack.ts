/**
 * `pnpm simulate:stack`: the running services under faults at the socket, an outage and kill -9, with images over HTTP and Kafka;
 * then the audit. Takes about a minute; with --outage 600 about 25.
 *
 *   --seed N           chooses the faults; the same again with the same seed
 *   --seconds N        within how many seconds everything is killed (15)
 *   --outage SECONDS   how long S3 and SQS are away in the middle (8)
 *   --away s3,sqs      which of them
 *   --verbose          prints the log lines of the services
 *   --json FILE        writes the results, for `pnpm reliability`
 */

import { mkdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { scriptOptions } from '@darkroom/terminal'
import * as z from 'zod'
import { chanceOf } from '../simulation/chance.ts'
import { audit, type Found, findImages } from './check.ts'
import { openTopic, post, type Sent } from './clients.ts'
import { type FaultyStack, startFaultyStack } from './faulty-stack.ts'

const { values } = scriptOptions(import.meta.filename, {
  options: {
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    seconds: { type: 'string', default: '15' },
    outage: { type: 'string', default: '8' },
    away: { type: 'string', default: 's3,sqs' },
    json: { type: 'string' },
    verbose: { type: 'boolean', default: false },
  },
})
const seed = Number(values.seed)
const chance = chanceOf(seed)
const lengthMs = Number(values.seconds) * 1000
const outageMs = Number(values.outage) * 1000
const away = z.array(z.enum(['s3', 'sqs'])).parse(values.away.split(','))
/** From the end of the faults until every image must be finished. After an outage a message waits as long again as before. */
const MAX_HEALING_MS = 240_000 + outageMs
const IMAGES = 36

const began = Date.now()
const say = (text: string) =>
  console.log(`${((Date.now() - began) / 1000).toFixed(1).padStart(6)} s  ${text}`)
say(`seed ${seed}`)
const stack = await startFaultyStack(
  chance,
  (name, line) => values.verbose && console.log(`${name}: ${line}`),
)
try {
  say('the services run; faults begin')
  process.exitCode = (await run(stack)) ? 0 : 1
} finally {
  await stack.stop()
}

async function run(stack: FaultyStack): Promise<boolean> {
  stack.proxy.mode = 'faulty'
  const over = new AbortController()
  const sending = send(stack, over.signal)
  await breakThings(stack)
  over.abort()
  stack.proxy.mode = 'calm'
  const faultsEnd = Date.now()
  const sent = await sending
  say(`${sent.length} images sent; faults end: ${JSON.stringify(stack.proxy.counts)}`)
  const found = await untilHealed(stack, sent, faultsEnd + MAX_HEALING_MS)
  const healedMs = Date.now() - faultsEnd
  const { code, printed } = await audit(stack)
  say(`audit:\n${printed.trim()}`)
  const accepted = sent.filter((image) => image.accepted).length
  say(`${accepted} accepted: ${JSON.stringify(found)}, healed after ${(healedMs / 1000).toFixed(0)} s`)
  const isSound = code === 0 && found.lost + found.failed + found.doubled === 0
  if (!isSound) say(`a promise was broken; repeat it with: pnpm simulate:stack --seed ${seed}`)
  await save({ seed, away, accepted, ...found, healedMs, faults: stack.proxy.counts, audit: code === 0 })
  return isSound
}

/** Over HTTP and Kafka in turn, until the faults are over. */
async function send(stack: FaultyStack, over: AbortSignal): Promise<Sent[]> {
  const topic = openTopic(stack)
  const sending: Promise<Sent>[] = []
  for (let n = 0; !over.aborted; n++) {
    sending.push(n % 2 === 0 ? post(stack, n) : topic.produce(n))
    await delay((lengthMs + outageMs) / IMAGES)
  }
  const sent = await Promise.all(sending)
  await topic.close()
  return sent
}

/** Everything is killed once, the engine twice; when, depends on the seed. */
async function breakThings(stack: FaultyStack): Promise<void> {
  const { proxy } = stack
  const part = lengthMs / 6
  const wait = (name: string) => delay(chance.number(name) * part)
  await wait('first engine')
  say(`engines killed: ${await stack.killEngines()}`)
  const restarts: Promise<void>[] = []
  const order = chance.happens('order', 0.5)
    ? (['image-processor', 'upload-api', 'kafka-bridge'] as const)
    : (['kafka-bridge', 'image-processor', 'upload-api'] as const)
  for (const name of order) {
    await wait(name)
    say(`kill -9 ${name}`)
    restarts.push(stack.killService(name))
  }
  await Promise.all(restarts)
  await wait('outage')
  say(`${away.join(' and ')} away for ${outageMs / 1000} s`)
  proxy.away = away
  await delay(outageMs)
  proxy.away = []
  await wait('second engine')
  say(`engines killed: ${await stack.killEngines()}`)
}

async function untilHealed(stack: FaultyStack, sent: Sent[], deadline: number): Promise<Found> {
  const accepted = sent.filter((image) => image.accepted).length
  for (;;) {
    const found = await findImages(stack, sent)
    // A message whose attempt was killed is received again, and deletes what that attempt left.
    const isQuiet = found.processed >= accepted && (await stack.countMessages()) === 0
    if (isQuiet || Date.now() > deadline) return found
    await delay(1_000)
  }
}

async function save(results: object): Promise<void> {
  if (!values.json) return
  await mkdir(dirname(values.json), { recursive: true })
  const date = new Date().toISOString().slice(0, 10)
  await writeFile(
    values.json,
    JSON.stringify({ date, seconds: lengthMs / 1000, outageSeconds: outageMs / 1000, ...results }, null, 2),
  )
}

function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
