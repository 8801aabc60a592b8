import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from '@jest/globals'
import { editorSchema } from './configuration.ts'
import { deployedParts } from './deployed-parts.ts'
import { configurationForServerless } from './for-serverless.ts'
import { readConfiguration } from './read-configuration.ts'
import { configurationFile } from './testing/use-configuration.ts'

afterEach(() => {
  delete process.env.APPS_FILE
})

describe('the file', () => {
  test('of the repository gives every app the variants that the API promises', () => {
    const { presets, apps } = readConfiguration('apps.json')
    expect(apps['web-app-1']?.preset).toBeUndefined()
    expect(presets.default?.variants.map(({ name, size, format }) => [name, size, format])).toEqual([
      ['thumb', 320, 'webp'],
      ['medium', 1024, 'jpeg'],
      ['large', 2048, 'jpeg'],
    ])
  })

  test('of the repository has a preset with AVIF beside each variant that every browser shows', () => {
    const sizes = (format: RegExp) =>
      readConfiguration('apps.json')
        .presets.modern?.variants.filter((variant) => format.test(variant.format))
        .map(({ size }) => size)
    expect(sizes(/avif/)).toEqual([320, 1024, 2048])
    expect(sizes(/jpeg|webp/)).toEqual([320, 1024, 2048])
  })

  test('is the one that APPS_FILE names', () => {
    process.env.APPS_FILE = configurationFile({ apps: { shop: {} } })
    expect(readConfiguration().apps).toEqual({ shop: {} })
  })

  test('is named with each field that is wrong', () => {
    expect(() => readConfiguration('package.json')).toThrow(
      /in package\.json cannot be used\..*→ at presets/s,
    )
    const odd = { shop: { attributes: { 'Order ID': { type: 'string' as const } } } }
    expect(() => readConfiguration(configurationFile({ apps: odd }))).toThrow(
      /must have a key of 1 to 64 characters .*→ at apps\.shop\.attributes\["Order ID"\]/s,
    )
    expect(() => readConfiguration('nowhere.json')).toThrow(
      /in nowhere\.json cannot be used\.\n✖ There is no such file\. Set APPS_FILE/,
    )
  })

  test('says which fields there are instead of a wrong one', () => {
    const limits = { requestsPerSecond: 3 } as object
    expect(() => readConfiguration(configurationFile({ apps: { shop: { limits } } }))).toThrow(
      /Unrecognized key: "requestsPerSecond" \(there are: imagesPerSecond, burstImages,.*→ at apps\.shop\.limits/s,
    )
  })

  test.each([
    ['{\n  "apps": { "shop": {}, }\n}', 'a comma too many before this', 'line 2, column 25'],
    ['{\n  "apps": { "shop": {},, "a": {} }\n}', 'a comma too many before this', 'line 2, column 24'],
    ['{ "apps": { "shop": {}\n, "a": {}, "shop": {} } }', '"shop" is there already', 'line 2, column 12'],
    ['{ "presets": {}\n  "apps": {} }', 'this is not valid JSON', 'line 2, column 3'],
    ['\ufeff{}', 'a byte order mark. Save the file as UTF-8 without it', 'line 1, column 1'],
    ['{\n  // the apps\n}', 'this is not valid JSON', 'line 2, column 3'],
    ['', 'this is not valid JSON', 'line 1, column 1'],
  ])('names the place of a slip: %j', async (text, what, place) => {
    const file = join(await mkdtemp(join(tmpdir(), 'darkroom-apps-')), 'apps.json')
    await writeFile(file, text)
    expect(() => readConfiguration(file)).toThrow(
      `The configuration of the apps in ${file} cannot be used.\n✖ ${what}\n  → at ${place}`,
    )
  })

  test('is refused with a watermark that is not there', () => {
    const watermark = { file: 'nowhere.png', gravity: 'left' as const, opacity: 0.5, size: 0.2 }
    const variants = [{ name: 'a', size: 200, format: 'png' as const, watermark }]
    const file = configurationFile({ presets: { default: { version: 1, variants } } })
    expect(() => readConfiguration(file)).toThrow(
      /there is no watermarks\/nowhere\.png.*presets\.default\.variants\[0\]\.watermark\.file/s,
    )
  })
})

test('a serverless.yml gets the rules, origins and digest of the file', () => {
  const one = configurationForServerless()
  expect(one.lifecycleRules).toContainEqual(
    expect.objectContaining({ Prefix: 'input/', ExpirationInDays: 30 }),
  )
  expect(one.origins).toEqual(['*'])
  expect(one.digest).toMatch(/^[0-9a-f]{16}$/)
  process.env.APPS_FILE = configurationFile({ apps: { shop: { origins: ['https://shop.example'] } } })
  const other = configurationForServerless()
  expect(other.origins).toEqual(['https://shop.example'])
  expect(other.digest).not.toBe(one.digest)
})

test('functions are deployed without the declared attributes, which only analysts use', () => {
  const attributes = { note: { type: 'string' as const, description: 'What the sender wrote.' } }
  process.env.APPS_FILE = configurationFile({ apps: { shop: { preset: 'modern', attributes } } })
  expect(deployedParts().apps).toEqual({ shop: { preset: 'modern' } })
})

/** Written by `pnpm --silent darkroom apps schema > packages/app-configuration/apps.schema.json`. */
test('the schema for editors is that of the code', async () => {
  const file = join(import.meta.dirname, '..', 'apps.schema.json')
  expect(JSON.parse(await readFile(file, 'utf8'))).toEqual(editorSchema())
})
