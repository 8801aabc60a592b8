import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type AppConfiguration, readConfiguration } from '@darkroom/app-configuration'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { callDarkroom } from '../testing/call-darkroom.ts'

let folder: string
let file: string
const original = readConfiguration('apps.json')
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'darkroom-apps-'))
  file = join(folder, 'apps.json')
  await write({})
})
afterEach(() => rm(folder, { recursive: true }))

async function write(different: Partial<AppConfiguration>, path = file): Promise<void> {
  await writeFile(path, JSON.stringify({ ...original, ...different }, null, 2))
}
const apps = (...args: string[]) => callDarkroom(['apps', ...args], { APPS_FILE: file })

test('list prints all apps with their own settings, in 80 columns', async () => {
  await write({
    apps: {
      'web-app-1': {},
      shop: {
        preset: 'modern',
        deduplication: true,
        retentionDays: { input: 7 },
        origins: ['https://shop.example', 'https://www.shop.example'],
        topics: ['images.shop', 'images.shop.again'],
        attributes: {
          'order-id': {
            type: 'string',
            description: 'The order that the picture belongs to, if there is one.',
          },
          rating: { type: 'number' },
        },
      },
    },
  })
  const { code, printed } = await apps('list')
  expect(code).toBe(0)
  expect(printed).toMatch(/^ {2}web-app-1 +default +any$/m)
  expect(printed).toMatch(/^ {2}shop +modern +input 7 +https:\/\/shop.* +images\.shop.* +yes$/m)
  expect(printed).toMatch(/^ {2}shop +order-id +string +attr_order_id +The order that/m)
  expect(printed).toMatch(/^ {2}shop +rating +number +attr_rating_number *$/m)
  expect(Math.max(...printed.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80)
})

describe('check', () => {
  test('counts what is valid', async () => {
    expect(await apps('check')).toMatchObject({ code: 0, printed: `${file} is valid: 2 apps, 2 presets.\n` })
  })

  test('names each wrong field', async () => {
    await write({ apps: { shop: { preset: 'poster' }, press: { retentionDays: { input: 90 } } } })
    const { code, printed } = await apps('check')
    expect(code).toBe(1)
    expect(printed).toContain('✖ no preset is named "poster" (there are: default, modern)')
    expect(printed).toContain('→ at apps.shop.preset')
    expect(printed).toContain('→ at apps.press.retentionDays.input')
  })
})

test('check refuses declared attributes that do not fit into a view', async () => {
  const attributes = { sku: { type: 'string' as const } }
  const many = Array.from({ length: 8_000 }, (_, n) => [`an-app-with-a-longer-name-${n}`, { attributes }])
  await write({ apps: Object.fromEntries(many) })
  const { code, printed } = await apps('check')
  expect([code, printed]).toEqual([
    1,
    expect.stringContaining('The attributes that apps declare make the view'),
  ])
})

describe('add', () => {
  test('writes one entry, changes nothing else, and says what to do next', async () => {
    const before = await readFile(new URL('../../../../apps.json', import.meta.url), 'utf8')
    await writeFile(file, before)
    const more = ['--preset', 'modern', '--topic', 'images.shop', '--origin', 'https://shop.example']
    const { code, printed } = await apps('add', 'shop', ...more)
    expect([code, printed]).toEqual([
      0,
      `shop is in ${file}. Deploy it with: pnpm exec oslsc deploy --stage STAGE\n`,
    ])
    const entry =
      '"shop": { "preset": "modern", "origins": ["https://shop.example"], "topics": ["images.shop"] }'
    expect((await readFile(file, 'utf8')).replace(`,\n    ${entry}`, '')).toBe(before)
    expect(readConfiguration(file).apps.shop).toEqual({
      preset: 'modern',
      origins: ['https://shop.example'],
      topics: ['images.shop'],
    })
  })

  test.each([
    [['web-app-1'], 'web-app-1 is in'],
    [['shop', '--preset', 'poster'], 'no preset is named "poster"'],
    [['shop', '--topic', 'images.web-app-2'], 'belongs to web-app-2 already'],
    [['My Shop'], 'An app id must be'],
  ])('refuses %j and leaves the file', async (args, words) => {
    const before = await readFile(file, 'utf8')
    const { code, printed } = await apps('add', ...args)
    expect([code, printed]).toEqual([1, expect.stringContaining(words)])
    expect(await readFile(file, 'utf8')).toBe(before)
  })
})

describe('diff', () => {
  const diff = async (different: Partial<AppConfiguration>) => {
    const other = join(folder, 'other.json')
    await write(different, other)
    return apps('diff', '--against', other)
  }

  test('of the same apps is empty', async () => {
    const { code, printed } = await diff({})
    expect([code, printed]).toEqual([0, expect.stringContaining('have the same apps.')])
  })

  test('prints each setting that differs', async () => {
    const { code, printed } = await diff({
      retentionDays: { ...original.retentionDays, input: 60 },
      apps: { 'web-app-2': { ...original.apps['web-app-2'], topics: [], preset: 'modern' }, gone: {} },
    })
    expect(code).toBe(1)
    expect(printed).toMatch(/retentionDays\.input +60 +30 +deployment\n/)
    expect(printed).toMatch(/apps\.web-app-1 +none +\{\} +deployment\n/)
    expect(printed).toMatch(/apps\.web-app-2\.topics +\[\] +\["images\.web-app-2"\] +deployment\n/)
    expect(printed).toMatch(/apps\.web-app-2\.preset +"modern" +none +apply\n/)
    expect(printed).toMatch(/apps\.gone +\{\} +none +deployment\n/)
  })

  test('says what an app without an entry can still do', async () => {
    const { printed } = await diff({ apps: { ...original.apps, shop: {} } })
    expect(printed).toContain('Without an entry, shop can still send and read images, with the defaults.')
    expect((await diff({ apps: { 'web-app-1': {} } })).printed).not.toContain('Without an entry')
  })

  test('prints each declared attribute that differs, and cuts values before names', async () => {
    const attributes = { note: { type: 'number' as const }, 'order-id': { type: 'string' as const } }
    const { printed } = await diff({ apps: { ...original.apps, 'web-app-2': { attributes } } })
    expect(printed).toMatch(/apps\.web-app-2\.attributes\.note +\{"type".*… +\{"type".*… +deployment\n/)
    expect(printed).toMatch(/apps\.web-app-2\.attributes\.order-id +\{"type".*… +none +deployment\n/)
  })

  test('warns of variants that changed without their version', async () => {
    const [thumb] = original.presets.default?.variants ?? []
    if (!thumb) throw new Error('the default preset has no variants')
    const changed = { ...original.presets, default: { version: 1, variants: [thumb] } }
    expect((await diff({ presets: changed })).printed).toContain('Raise presets.default.version')
    const raised = { ...original.presets, default: { version: 2, variants: [thumb] } }
    expect((await diff({ presets: raised })).printed).not.toContain('Raise')
  })

  test('needs to know what to compare with', async () => {
    expect((await apps('diff')).printed).toContain('--stage STAGE, or --against FILE')
  })
})
