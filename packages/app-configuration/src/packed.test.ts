import { expect, test } from '@jest/globals'
import { packConfiguration, unpackConfiguration } from './packed.ts'
import { readConfiguration } from './read-configuration.ts'

test('a configuration of 5,000 apps fits into a template, and is the same afterwards', () => {
  const apps = Array.from({ length: 5_000 }, (_, n) => [
    `customer-${n * 7919}`,
    { deduplication: n % 3 === 0, origins: [`https://shop-${n}.example`] },
  ])
  const { presets, retentionDays } = readConfiguration('apps.json')
  const many = { presets, retentionDays, apps: { ...Object.fromEntries(apps), any: {} } }
  const packed = packConfiguration(many)
  expect(packed.length).toBeLessThan(100_000)
  expect(unpackConfiguration(packed)).toEqual(many)
})
