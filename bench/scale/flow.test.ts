import { readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import { CASES, DEFAULT_SCENARIO } from './cases.ts'
import { figuresOf } from './figures.ts'
import { type Scenario, simulateFlow } from './flow.ts'
import { DEFAULT_LIMITS } from './limits.ts'

const simulate = (changes: Partial<Scenario> = {}) => simulateFlow({ ...DEFAULT_SCENARIO, ...changes })

test('the same seed has the same outcome, another seed another one', () => {
  const one = { rate: 20, seconds: 20 }
  expect(simulate(one)).toEqual(simulate(one))
  expect(simulate({ ...one, seed: 2 }).secondsToReady).not.toEqual(simulate(one).secondsToReady)
})

test.each<[string, Partial<Scenario>]>([
  ['a little', { rate: 5, seconds: 60 }],
  ['more than the gateway takes', { rate: 0, burst: 30_000, attempts: 2 }],
  ['more than Lambda runs', { rate: 50, limits: { ...DEFAULT_LIMITS, concurrency: 10 } }],
  ['an outage of S3', { seconds: 600, outage: { of: 'S3', from: 60, seconds: 300 } }],
  ['an outage of SQS', { seconds: 600, outage: { of: 'SQS', from: 60, seconds: 300 } }],
])('%s: each image is accepted or its client gives up, and each accepted one is ready', (_, changes) => {
  const { sent, accepted, gaveUp, ready, secondsToReady } = simulate(changes)
  expect(accepted + gaveUp).toBe(sent)
  expect([ready, secondsToReady.length]).toEqual([accepted, accepted])
})

test('a processor that is never idle does as many images a second as its batches have time for', () => {
  const burst = 20_000
  const { lastReady } = simulate({ rate: 0, burst, attempts: 1000, clientsWait: false })
  // 50 batches at once, 0.25 s an image: 200 images a second.
  expect(burst / lastReady).toBeGreaterThan(180)
  expect(burst / lastReady).toBeLessThanOrEqual(200)
})

describe('limits', () => {
  test('the gateway takes its burst, and then its rate', () => {
    const limits = { ...DEFAULT_LIMITS, gatewayRate: 100, gatewayBurst: 50 }
    const { accepted, bound } = simulate({ rate: 0, burst: 1000, attempts: 1, clientsWait: false, limits })
    expect(accepted).toBeGreaterThanOrEqual(140)
    expect(accepted).toBeLessThanOrEqual(150)
    expect([...bound.keys()]).toContain('gateway rate')
  })

  test('no more functions run at once than the account may', () => {
    const { peaks, bound } = simulate({ rate: 100, limits: { ...DEFAULT_LIMITS, concurrency: 30 } })
    expect(Math.max(...Object.values(peaks))).toBeLessThanOrEqual(30)
    expect([...bound.keys()]).toContain('concurrency')
  })

  test('one app writes as many originals as S3 takes for a prefix; more apps write more', () => {
    const limits = { ...DEFAULT_LIMITS, s3Writes: 20 }
    const scenario = { rate: 40, seconds: 60, clientsWait: false, limits }
    expect([...simulate(scenario).bound.keys()]).toContain('s3 writes of originals')
    expect([...simulate({ ...scenario, apps: 10 }).bound.keys()]).not.toContain('s3 writes of originals')
  })

  test('clients that wait have their reserved concurrency at most', () => {
    const scenario = { rate: 100, reservedForStatus: 20 }
    expect(simulate(scenario).peaks.getImage).toBe(20)
  })
})

test('while images wait for the processor, clients that wait do not keep uploads out', () => {
  const scenario = { rate: 300, seconds: 60, limits: { ...DEFAULT_LIMITS, concurrency: 500 } }
  const early = simulate(scenario)
  expect(early.gaveUp).toBe(0)
  expect(simulate({ ...scenario, answersEarly: false }).gaveUp).toBeGreaterThan(100)
})

test('after an outage of SQS the watch queue sends its images within ten minutes', () => {
  const outage = { of: 'SQS', from: 60, seconds: 300 } as const
  const { secondsToReady } = simulate({ seconds: 400, outage })
  const longest = secondsToReady.at(-1) ?? 0
  expect(longest).toBeGreaterThan(300)
  expect(longest).toBeLessThan(300 + 600)
})

/** The others have millions of events. */
const MAX_IMAGES = 100_000
const documented = readFileSync(new URL('../../docs/scale.md', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| '))
  .map((line) => line.split('|').map((cell) => cell.trim()))

test.each(Object.entries(CASES))('docs/scale.md says what %s is', (name, changes) => {
  const row = documented.find(([, first]) => first === name)
  expect(row).toBeDefined()
  const { rate, seconds, burst } = { ...DEFAULT_SCENARIO, ...changes }
  if (rate * seconds + burst < MAX_IMAGES) expect(row?.slice(2, 8)).toEqual(figuresOf(simulate(changes)))
})
