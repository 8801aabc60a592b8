import { configurationFile } from '@darkroom/app-configuration/testing'
import { afterEach, expect, test } from '@jest/globals'
import { readSettings } from './settings.ts'

/** The variables of serverless.yml. Parameters from the command line are strings. */
const VARIABLES = {
  'sls:stage': 'dev',
  'param:lookAlikeDays': '3',
  'param:snapshotRetentionDays': 3,
}
const read = (different: Record<string, unknown> = {}) => {
  const variables: Record<string, unknown> = { ...VARIABLES, ...different }
  return readSettings(async (address) => variables[address])
}

afterEach(() => {
  delete process.env.APPS_FILE
})

test('reads the stage, its numbers, and the apps with their retention', async () => {
  process.env.APPS_FILE = configurationFile({
    apps: { shop: { retentionDays: { input: 7 } }, press: { retentionDays: { metadata: 400 } } },
  })
  const settings = await read()
  expect(settings).toMatchObject({
    stage: 'dev',
    lookAlikeDays: 3,
    metadataRetentionDays: 730,
    apps: 'shop,press',
  })
  expect(settings.fewerRetentionDays).toEqual({ press: 400 })
  expect(settings.queries.map(({ name }) => name)).toContain('expiring')
})

test.each([
  [{ 'param:lookAlikeDays': 'three' }, 'param:lookAlikeDays'],
  [{ 'param:snapshotRetentionDays': 0 }, 'param:snapshotRetentionDays'],
])('%j is refused with its name', async (different, name) => {
  await expect(read(different)).rejects.toThrow(name)
})

test('a file of apps that is not there is refused with its name', async () => {
  process.env.APPS_FILE = 'not-there.json'
  await expect(read()).rejects.toThrow('The configuration of the apps in not-there.json cannot be used')
})
