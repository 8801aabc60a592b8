import type { Scenario } from './flow.ts'
import { DEFAULT_LIMITS, type Limits } from './limits.ts'

/** The default settings, on an account with AWS's default quotas. */
export const DEFAULT_SCENARIO: Scenario = {
  seed: 1,
  rate: 10,
  seconds: 120,
  burst: 0,
  apps: 1,
  limits: DEFAULT_LIMITS,
  maximumConcurrency: 50,
  batchSize: 4,
  watchDelay: 120,
  attempts: 5,
  clientsWait: true,
  answersEarly: true,
  // Milliseconds on a laptop (pnpm bench:cost) with a reserve for Lambda's processors, which are slower.
  workload: { upload: 60, status: 20, process: 250, coldApi: 500, coldProcessor: 1500 },
}

const raise = (limits: Partial<Limits>): Limits => ({ ...DEFAULT_LIMITS, ...limits })
const HOUR = 3600
/** Quotas and settings that an owner has raised. */
const RAISED = {
  limits: raise({ gatewayRate: 40_000, gatewayBurst: 20_000, concurrency: 20_000 }),
  maximumConcurrency: 1_000,
}
/** A backend that sends many images and repeats each until it is accepted. */
const BACKEND = { clientsWait: false, attempts: 10_000 }

/** The cases of `docs/scale.md`. */
export const CASES: Record<string, Partial<Scenario>> = {
  '10/s': {},
  '100/s': { rate: 100 },
  '1,000/s': { rate: 1_000, seconds: 60 },
  '1,000/s, raised': { rate: 1_000, seconds: 60, ...RAISED },
  '1,000/s, 10 apps, raised': { rate: 1_000, seconds: 60, apps: 10, ...RAISED },
  '10,000/s': { rate: 10_000, seconds: 30 },
  '10,000/s, 100 apps, raised': { rate: 10_000, seconds: 30, apps: 100, ...RAISED },
  'a million at once': { rate: 0, burst: 1_000_000, ...BACKEND },
  'a million at once, raised': { rate: 0, burst: 1_000_000, apps: 10, ...BACKEND, ...RAISED },
  'S3 away for an hour, 10/s': { seconds: 2 * HOUR, outage: { of: 'S3', from: 600, seconds: HOUR } },
  'SQS away for an hour, 10/s': { seconds: 2 * HOUR, outage: { of: 'SQS', from: 600, seconds: HOUR } },
  'concurrency 10, 1/s': { rate: 1, limits: raise({ concurrency: 10 }), maximumConcurrency: 2 },
  'concurrency 10, 10/s': { limits: raise({ concurrency: 10 }), maximumConcurrency: 2 },
}
