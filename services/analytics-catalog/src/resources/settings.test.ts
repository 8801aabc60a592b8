import { expect, test } from '@jest/globals'
import { readSettings } from './settings.ts'

/** The variables of serverless.yml. Parameters from the command line are strings. */
const VARIABLES = {
  'sls:stage': 'dev',
  'param:apps': 'web-app-1,web-app-2',
  'param:mergeDays': '3',
  'param:snapshotRetentionDays': 3,
  'param:retentionFile': 'packages/retention/retention.json',
}
const read = (different: Record<string, unknown> = {}) => {
  const variables: Record<string, unknown> = { ...VARIABLES, ...different }
  return readSettings(async (address) => variables[address])
}

test('reads the stage, its numbers and the retention', async () => {
  const settings = await read()
  expect(settings).toMatchObject({ stage: 'dev', mergeDays: 3, metadataRetentionDays: 730 })
  expect(settings.queries.map(({ name }) => name)).toContain('expiring')
})

test.each([
  [{ 'param:mergeDays': 'three' }, 'param:mergeDays'],
  [{ 'param:snapshotRetentionDays': 0 }, 'param:snapshotRetentionDays'],
  [{ 'param:retentionFile': 'not-there.json' }, 'The retention in not-there.json cannot be used'],
])('%j is refused with its name', async (different, name) => {
  await expect(read(different)).rejects.toThrow(name)
})
