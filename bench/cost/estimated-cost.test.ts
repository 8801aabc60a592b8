import { readFileSync } from 'node:fs'
import { expect, test } from '@jest/globals'
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
