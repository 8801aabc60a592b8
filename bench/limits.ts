/**
 * Measures the limits of apps: `pnpm bench:limits [--rounds N]`, under four minutes. First, on the local stack, how long the uploads of
 * an app take that sends steadily: beside another app that is silent, that is just within its limit, and that sends four times its limit.
 * The last two have the same images admitted, so what is between them are the refusals alone. Short turns follow one another, so that a
 * machine that gets slower or faster meanwhile does so for all of them. Then how many uploads 200 instances of a function
 * admit at once, how many writes to the table an app costs that sends four times its limit, and the same of requests.
 */
import { configurationFile } from '@darkroom/app-configuration/testing'
import { ProblemError } from '@darkroom/core'
import { awsEnvironment, startLocalAws } from '@darkroom/local-aws'
import { openLimiter, openUsageTable, usageTableName } from '@darkroom/rate-limits'
import { openRequestLimiter } from '@darkroom/rate-limits/requests'
import { createUsageTable } from '@darkroom/rate-limits/testing'
import { formatTable, scriptOptions } from '@darkroom/terminal'
import sharp from 'sharp'
import { atSteadyRate } from './at-steady-rate.ts'
import { PRICES } from './cost/prices.ts'
import { percentile } from './percentile-table.ts'
import { type DevStack, startDev } from './start-dev.ts'

const { values: options } = scriptOptions(import.meta.filename, {
  options: { rounds: { type: 'string', default: '12' } },
})
const rounds = Number(options.rounds)
const TURN_SECONDS = 4

const INSTANCES = 200
/** Hundreds of instances wait for one local server. */
const TABLE_TIMEOUT_MS = 60_000
const IMAGE = { bytes: 1_000, pixels: 10_000 }

/** Uploads a second: of the app at its limit, and of its neighbour, which has limits too but is far below them. */
const LOUD_LIMIT = 5
const NEIGHBOR_RATE = 10
const TIMES_ITS_LIMIT = 4
/** As many as are admitted of an app that sends more, which is a little below the limit. */
const WITHIN_LIMIT = 4.25

/** A local table that counts its writes, and a clock. */
async function openCountingTable() {
  const aws = await startLocalAws()
  Object.assign(process.env, awsEnvironment(aws.endpoint))
  await createUsageTable('bench')
  const table = openUsageTable(usageTableName('bench'), TABLE_TIMEOUT_MS)
  const state = { writes: 0, now: Date.UTC(2026, 10, 29, 12) }
  const counting: typeof table = {
    ...table,
    add: (...args) => {
      state.writes++
      return table.add(...args)
    },
  }
  return { state, counting, stop: () => aws.stop() }
}

/** Limiters of one app, which count in one local table as instances of a function do. */
async function openInstances(count: number, imagesPerSecond: number, burstImages: number) {
  const { state, counting, stop } = await openCountingTable()
  const limiters = Array.from({ length: count }, () =>
    openLimiter({
      table: counting,
      limitsOf: () => ({ limits: { imagesPerSecond, burstImages } }),
      onFailure: (_, error) => {
        throw error
      },
      now: () => state.now,
    }),
  )
  /** Whether an instance admits an image. */
  const admits = async (index: number): Promise<boolean> => {
    try {
      await limiters[index % count]?.admit('app', IMAGE)
      return true
    } catch (error) {
      if (error instanceof ProblemError) return false
      throw error
    }
  }
  return { state, admits, stop }
}

const countTrue = (values: boolean[]) => values.filter((value) => value).length
const dollarsPerMillion = (writes: number) => `$${(writes * PRICES.dynamodbWrite * 1e6).toFixed(2)}`

async function measureOvershoot(): Promise<void> {
  const burst = 100
  const sent = 4 * burst
  const { state, admits, stop } = await openInstances(INSTANCES, 10, burst)
  const admitted = countTrue(await Promise.all(Array.from({ length: sent }, (_, index) => admits(index))))
  console.log(
    `${sent} uploads at once, ${INSTANCES} instances, burst of ${burst}: ${admitted} admitted, overshoot ${admitted - burst}, ${state.writes} writes`,
  )
  await stop()
}

/** Five minutes of simulated time at four times the limit, spread over so many instances: the figures do not depend on the machine. */
async function countWrites(instances: number): Promise<string[]> {
  const uploads = 300 * LOUD_LIMIT * TIMES_ITS_LIMIT
  const { state, admits, stop } = await openInstances(instances, LOUD_LIMIT, LOUD_LIMIT)
  let admitted = 0
  for (let index = 0; index < uploads; index++) {
    if (await admits(index)) admitted++
    state.now += 1000 / (LOUD_LIMIT * TIMES_ITS_LIMIT)
  }
  await stop()
  const dollars = [uploads, admitted].map((some) => dollarsPerMillion(state.writes / some))
  return [instances, uploads, admitted, state.writes, ...dollars].map(String)
}

async function measureWrites(): Promise<void> {
  const rows = [await countWrites(1), await countWrites(INSTANCES)]
  console.log(
    `Five minutes at ${TIMES_ITS_LIMIT} times the limit; within it, a million images cost ${dollarsPerMillion(1)}`,
  )
  console.log(
    formatTable(
      ['instances', 'sent', 'admitted', 'writes', '$ per million sent', '$ per million admitted'],
      rows,
    ),
  )
}

const REQUEST_RATE = { perSecond: 50, burst: 500 }
const REQUEST_SECONDS = 60

/** A minute of simulated time of an app's requests, spread evenly over so many instances of the authorizer. */
async function countRequests(instances: number, perSecond: number): Promise<string[]> {
  const { state, counting, stop } = await openCountingTable()
  const limiters = Array.from({ length: instances }, () =>
    openRequestLimiter({
      table: counting,
      rateOf: () => REQUEST_RATE,
      onFailure: (_, error) => {
        throw error
      },
      now: () => state.now,
    }),
  )
  const sent = REQUEST_SECONDS * perSecond
  let admitted = 0
  for (let index = 0; index < sent; index++) {
    const limit = await limiters[index % instances]?.count('app')
    if (limit?.overLimit === undefined) admitted++
    state.now += 1000 / perSecond
  }
  await stop()
  const allowed = Math.min(REQUEST_RATE.burst + REQUEST_SECONDS * REQUEST_RATE.perSecond, sent)
  const cells = [instances, perSecond, sent, admitted, Math.max(admitted - allowed, 0), state.writes]
  return [...cells.map(String), dollarsPerMillion(state.writes / sent)]
}

/** The authorizer takes some 10 ms, so a busy instance has 100 requests a second. The last case is an app with many idle ones. */
const REQUEST_CASES = [
  [1, 40],
  [2, 200],
  [30, 3_000],
  [200, 20_000],
  [200, 200],
] as const

async function measureRequests(): Promise<void> {
  const rows: string[][] = []
  for (const [instances, perSecond] of REQUEST_CASES) rows.push(await countRequests(instances, perSecond))
  console.log(
    `A minute of requests of an app that may send ${REQUEST_RATE.perSecond} a second and ${REQUEST_RATE.burst} at once`,
  )
  console.log(
    formatTable(
      ['instances', 'a second', 'sent', 'admitted', 'too many', 'writes', '$ per million sent'],
      rows,
    ),
  )
}

interface Upload {
  status: number
  milliseconds: number
}

async function upload({ endpoints }: DevStack, app: string, body: Buffer<ArrayBuffer>): Promise<Upload> {
  const authorization = `Bearer ${endpoints.apps[app]?.apiKey}`
  const began = performance.now()
  const answer = await fetch(`${endpoints.uploadApi}/v1/images`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'image/jpeg' },
    body,
  })
  await answer.arrayBuffer()
  return { status: answer.status, milliseconds: performance.now() - began }
}

const WITHIN = 'within its limit'
/** What the loud app sends a second, in the turns of a round. */
const TURNS: Record<string, number> = {
  silent: 0,
  [WITHIN]: WITHIN_LIMIT,
  [`at ${TIMES_ITS_LIMIT} × its limit`]: LOUD_LIMIT * TIMES_ITS_LIMIT,
}

interface Turn {
  neighbor: Upload[]
  loud: Upload[]
}

/** One turn: what the neighbour sees while the loud app sends at a rate. */
async function takeTurn(stack: DevStack, loudRate: number, body: Buffer<ArrayBuffer>): Promise<Turn> {
  const [neighbor, loud] = await Promise.all([
    atSteadyRate(TURN_SECONDS * NEIGHBOR_RATE, NEIGHBOR_RATE, () => upload(stack, 'web-app-2', body)),
    atSteadyRate(TURN_SECONDS * loudRate, loudRate, () => upload(stack, 'web-app-1', body)),
  ])
  return { neighbor, loud }
}

/** Rounds of all turns, each round in another order. The first one warms up and does not count. */
async function takeTurns(stack: DevStack, body: Buffer<ArrayBuffer>): Promise<Map<string, Turn[]>> {
  const titles = Object.keys(TURNS)
  const turns = new Map(titles.map((title): [string, Turn[]] => [title, []]))
  for (let round = 0; round <= rounds; round++) {
    const order = titles.map((_, place) => titles[(place + round) % titles.length] as string)
    for (const title of round % 2 ? order.toReversed() : order) {
      const turn = await takeTurn(stack, TURNS[title] ?? 0, body)
      if (round > 0) turns.get(title)?.push(turn)
    }
  }
  return turns
}

const quantileOf = ({ neighbor }: Turn, part: number) =>
  percentile(
    neighbor.map(({ milliseconds }) => milliseconds),
    part,
  )

/** The median of a turn's times over those of another one of the same round, and the middle half of these ratios. */
function ratios(turns: Turn[], others: Turn[], part: number): string {
  const all = turns.map((turn, round) => quantileOf(turn, part) / quantileOf(others[round] as Turn, part))
  const [low, median, high] = [0.25, 0.5, 0.75].map((quartile) => percentile(all, quartile).toFixed(2))
  return `${median} (${low}–${high})`
}

function timesOf(title: string, turns: Turn[], within: Turn[]): string[] {
  const all: Turn = { neighbor: turns.flatMap(({ neighbor }) => neighbor), loud: [] }
  return [
    title,
    ...[0.5, 0.95].map((part) => `${quantileOf(all, part).toFixed(0)} ms`),
    ...[0.5, 0.95].map((part) => (turns === within ? '' : ratios(turns, within, part))),
  ]
}

function answersOf(title: string, turns: Turn[]): string[] {
  const all = [turns.flatMap(({ neighbor }) => neighbor), turns.flatMap(({ loud }) => loud)]
  const statuses = [202, 429].map((status) =>
    all.map((sent) => sent.filter((one) => one.status === status).length),
  )
  return [
    title,
    ...all.flatMap(({ length }, app) => [length, ...statuses.map((counts) => counts[app])]).map(String),
  ]
}

async function measureIsolation(): Promise<void> {
  const apps = {
    'web-app-1': { limits: { imagesPerSecond: LOUD_LIMIT, burstImages: LOUD_LIMIT } },
    'web-app-2': { topics: ['images.web-app-2'], limits: { imagesPerSecond: 50 } },
  }
  process.env.APPS_FILE = configurationFile({ apps })
  const body = (await sharp({ create: { width: 200, height: 150, channels: 3, background: '#777' } })
    .jpeg()
    .toBuffer()) as Buffer<ArrayBuffer>
  const stack = await startDev()
  try {
    // So that every function has started.
    for (const app of ['web-app-1', 'web-app-2', 'web-app-2']) await upload(stack, app, body)
    const turns = await takeTurns(stack, body)
    const within = turns.get(WITHIN) ?? []
    console.log(
      `Uploads of an app at ${NEIGHBOR_RATE}/s, ${rounds} turns of ${TURN_SECONDS} s each; another app's limit is ${LOUD_LIMIT}/s`,
    )
    console.log(
      'Ratios are to the turn beside one within its limit in the same round: the median, and the middle half',
    )
    console.log(
      formatTable(
        ['the other is', 'p50', 'p95', 'ratio p50', 'ratio p95'],
        [...turns].map(([title, ofTitle]) => timesOf(title, ofTitle, within)),
      ),
    )
    console.log(
      formatTable(
        ['the other is', 'sent', '202', '429', 'the other sent', '202', '429'],
        [...turns].map(([title, ofTitle]) => answersOf(title, ofTitle)),
      ),
    )
  } finally {
    await stack.stop()
  }
}

// First, while the environment names no local server.
await measureIsolation()
await measureOvershoot()
await measureWrites()
await measureRequests()
