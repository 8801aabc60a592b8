import { readFileSync } from 'node:fs'
import { DuckDBInstance } from '@duckdb/node-api'
import { expect, test } from '@jest/globals'
import { analyticsOfDay } from './collector.ts'
import {
  COLLECTED_BATCH,
  COLLECTED_SQS_REQUESTS,
  COMPARED_LISTINGS,
  COUNTED,
  OTHER_GIGABYTE_SECONDS,
} from './counted.ts'
import { PRICES } from './prices.ts'

const sql = readFileSync(new URL('../../packages/analytics/sql/estimated_cost.sql', import.meta.url), 'utf8')
const dollarsPerMillion = (price: number) => Number((price * 1e6).toFixed(4))

test('the view estimated_cost has the prices of bench:cost', () => {
  const factors = [...sql.matchAll(/\* ([\d.]+)e0/g)].map(([, number]) => Number(number))
  const used = new Set(factors.filter((number) => number !== 1.769))
  const { gatewayRequest, invocation, gigabyteSecond, s3Write, s3Read, sqsRequest, snsRequest } = PRICES
  const expected = [gatewayRequest, invocation, gigabyteSecond, s3Write, s3Read, sqsRequest, snsRequest]
  expect([...used].sort()).toEqual(
    [...new Set([...expected.map(dollarsPerMillion), PRICES.s3GigabyteMonth])].sort(),
  )
})

/** As SQL writes a number that is not a decimal. */
const double = (value: number) => `${Number(value.toFixed(4))}e0`
const count = (value: number) => (Number.isInteger(value) ? `${value}` : double(value))

test.each([
  ['HTTP', (units: string) => `ELSE ${units}`],
  ['Kafka', (units: string) => `WHEN 'kafka' THEN ${units}`],
] as const)('the view counts the units of an image over %s that bench:cost counted', (way, arm) => {
  const { gatewayRequest, invocation, s3Write, s3Read, sqsRequest, snsRequest, logGigabyte } = COUNTED[way]
  const priced = (units: string, price: number) => `${units} * ${double(dollarsPerMillion(price))}`
  const requests = [
    priced(count(gatewayRequest), PRICES.gatewayRequest),
    priced(count(s3Write), PRICES.s3Write),
    priced(double(s3Read), PRICES.s3Read),
    priced(double(sqsRequest), PRICES.sqsRequest),
    priced(count(snsRequest), PRICES.snsRequest),
    priced(double(COLLECTED_SQS_REQUESTS), PRICES.sqsRequest),
    priced(double(COMPARED_LISTINGS), PRICES.s3Write),
    double(dollarsPerMillion(logGigabyte * PRICES.logGigabyte)),
  ]
  expect(sql).toContain(arm(requests.join(' + ')))
  const functions = [
    priced(count(invocation), PRICES.invocation),
    priced(double(OTHER_GIGABYTE_SECONDS[way]), PRICES.gigabyteSecond),
  ]
  expect(sql).toContain(arm(functions.join(' + ')))
})

/** Memory of the functions, which `pnpm bench:cost` reads from the template. */
const GIGABYTES = { collectEvents: 0.5, mergeOutcomes: 0.25 }

test.each([0.001, 0.1, 1])(
  'the view has the bill of a day at %s images/s, with all that depends on the rate',
  async (rate) => {
    const images = rate * 86_400
    const connection = await (await DuckDBInstance.create()).connect()
    // Two apps, which share the day's files, merges and maintenance.
    await connection.run(`CREATE TABLE images_now AS SELECT DATE '2026-11-28' AS dt, 'processed' AS status, 'http' AS origin,
    'app-' || CASE WHEN n % 3 = 0 THEN 1 ELSE 2 END AS app, 300 AS processing_ms, 350000 AS bytes, 100000 AS variants_bytes
    FROM range(${Math.round(images)}) AS image (n)`)
    const { gatewayRequest, s3Write, s3Read, sqsRequest, snsRequest, logGigabyte } = COUNTED.HTTP
    const ofImage =
      gatewayRequest * PRICES.gatewayRequest +
      s3Write * PRICES.s3Write +
      s3Read * PRICES.s3Read +
      sqsRequest * PRICES.sqsRequest +
      snsRequest * PRICES.snsRequest +
      logGigabyte * PRICES.logGigabyte
    const analysts = Object.values(analyticsOfDay(Math.round(images), COLLECTED_BATCH, GIGABYTES))
    const bill = images * ofImage + analysts.reduce((sum, part) => sum + part, 0)
    const read = await connection.runAndReadAll(
      `SELECT sum(images * request_dollars) / 1000, count(*) FROM (${sql})`,
    )
    const [[dollars, apps] = []] = read.getRowsJson()
    expect(Number(apps)).toBe(2)
    expect(Number(dollars) / bill).toBeCloseTo(1, 2)
    connection.closeSync()
  },
)

test('docs/deploy.md has what these units cost', () => {
  const page = readFileSync(new URL('../../docs/deploy.md', import.meta.url), 'utf8')
  const rowOf = (name: string) =>
    page.match(new RegExp(`^\\| ${name} +\\|([^|]*)\\|[^|]*\\|([^|]*)\\|$`, 'm'))
  for (const [n, way] of (['HTTP', 'Kafka'] as const).entries()) {
    const { gatewayRequest, s3Write, s3Read, sqsRequest, snsRequest, logGigabyte } = COUNTED[way]
    const s3 = s3Write * PRICES.s3Write + s3Read * PRICES.s3Read
    const rest =
      gatewayRequest * PRICES.gatewayRequest +
      sqsRequest * PRICES.sqsRequest +
      snsRequest * PRICES.snsRequest +
      logGigabyte * PRICES.logGigabyte
    expect(Number(rowOf('S3')?.[n + 1])).toBe(Number((s3 * 1e6).toFixed(1)))
    expect(Number(rowOf('the rest')?.[n + 1])).toBe(Number((rest * 1e6).toFixed(1)))
  }
})
