import { readFileSync } from 'node:fs'
import { expect, test } from '@jest/globals'
import { COLLECTED_SQS_REQUESTS, COMPARED_LISTINGS, COUNTED, OTHER_GIGABYTE_SECONDS } from './counted.ts'
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
