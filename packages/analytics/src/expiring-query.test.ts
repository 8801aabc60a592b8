import { readConfiguration } from '@darkroom/app-configuration'
import { expect, test } from '@jest/globals'
import { expiringQuery } from './expiring-query.ts'

test('an app with its own retention has its own days', async () => {
  const { retentionDays: standard } = readConfiguration()
  const query = expiringQuery({ default: standard, apps: { brief: { input: 7 }, other: { claims: 1 } } })
  expect(query).toContain("CASE app WHEN 'brief' THEN INTERVAL '7' DAY ELSE INTERVAL '30' DAY END")
  expect(query).not.toContain('other')
})
