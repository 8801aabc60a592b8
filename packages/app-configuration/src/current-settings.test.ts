import { afterEach, describe, expect, jest, test } from '@jest/globals'
import { type CurrentSettings, openSettings, settingsIn } from './current-settings.ts'
import { readConfiguration } from './read-configuration.ts'

const { presets } = readConfiguration('apps.json')
const deployed = settingsIn({ presets, apps: {} }, 'web-app-1')
const applied: CurrentSettings = { ...deployed, maxBytes: 1000, contentTypes: ['image/png'] }
const stored = (settings = applied, over = 'd1') => JSON.stringify({ over, appliedAt: 'now', settings })

let now = 0
const clock = jest.spyOn(Date, 'now').mockImplementation(() => now)
afterEach(() => {
  now = 0
})

/** `read` answers with the text, or fails with the error. */
function open(read: (app: string) => string | undefined | Error) {
  const reads: string[] = []
  const failures: string[] = []
  const settingsOf = openSettings({
    read: async (app) => {
      reads.push(app)
      const found = read(app)
      if (found instanceof Error) throw found
      return found
    },
    deployed: () => deployed,
    digest: 'd1',
    onFailure: (_, { message }) => failures.push(message),
  })
  return { settingsOf, reads, failures }
}

test('what was applied is used for a minute, and read once for all requests', async () => {
  let text: string | undefined = stored()
  const { settingsOf, reads } = open(() => text)
  expect(await Promise.all([settingsOf('shop'), settingsOf('shop')])).toEqual([applied, applied])
  text = undefined
  now = 59_999
  expect(await settingsOf('shop')).toEqual(applied)
  expect(reads).toEqual(['shop'])
  now = 60_000
  expect(await settingsOf('shop')).toEqual(deployed)
  expect(reads).toEqual(['shop', 'shop'])
})

test('they are read again if the clock was set back', async () => {
  let text: string | undefined
  const { settingsOf } = open(() => text)
  now = 90_000
  expect(await settingsOf('shop')).toEqual(deployed)
  text = stored()
  now = 89_999
  expect(await settingsOf('shop')).toEqual(applied)
})

test('each app has its own', async () => {
  const { settingsOf } = open((app) => (app === 'shop' ? stored() : undefined))
  expect(await settingsOf('press')).toEqual(deployed)
  expect(await settingsOf('shop')).toEqual(applied)
})

test('what was applied over another deployment is not used', async () => {
  const { settingsOf, failures } = open(() => stored(applied, 'd0'))
  expect(await settingsOf('shop')).toEqual(deployed)
  expect(failures).toEqual([])
})

describe('if settings cannot be read', () => {
  test.each([
    ['an outage', new Error('outage')],
    ['text', 'not JSON'],
    ['other JSON', '{"over":"d1"}'],
    ['a preset of a later version', stored({ ...applied, preset: { name: 'x', version: 1, variants: [] } })],
  ])('because of %s, those that were deployed are used', async (_, found) => {
    const { settingsOf, failures } = open(() => found)
    expect(await settingsOf('shop')).toEqual(deployed)
    expect(failures).toHaveLength(1)
  })

  test('the latest are used on, and read again after ten seconds', async () => {
    let found: string | Error = stored()
    const { settingsOf, reads } = open(() => found)
    await settingsOf('shop')
    found = new Error('outage')
    now = 60_000
    expect(await settingsOf('shop')).toEqual(applied)
    now = 69_999
    expect(await settingsOf('shop')).toEqual(applied)
    expect(reads).toHaveLength(2)
    found = stored({ ...applied, maxBytes: 2000 })
    now = 70_000
    expect(await settingsOf('shop')).toMatchObject({ maxBytes: 2000 })
  })
})

test('a function remembers 1,000 apps, the latest', async () => {
  const { settingsOf, reads } = open(() => undefined)
  for (let n = 0; n < 1_001; n++) await settingsOf(`app-${n}`)
  await settingsOf('app-1000')
  expect(reads).toHaveLength(1_001)
  await settingsOf('app-0')
  expect(reads).toHaveLength(1_002)
  expect(clock).toHaveBeenCalled()
})
