import { configurationFile } from '@darkroom/app-configuration/testing'
import { Preset } from '@darkroom/core'
import { describe, expect, test } from '@jest/globals'

const presets = {
  default: Preset.parse({ version: 1, variants: [{ name: 'thumb', size: 320, format: 'webp' }] }),
  rich: Preset.parse({
    version: 2,
    variants: [
      { name: 'card', fit: 'cover', size: 320, position: 'smart', format: 'avif' },
      { name: 'moving', size: 320, format: 'webp', animation: 'keep' },
    ],
  }),
}
const apps = { 'web-app-1': {}, 'web-app-2': { preset: 'rich' } }
process.env.APPS_FILE = configurationFile({ presets, apps })
process.env.POWERTOOLS_LOG_LEVEL = 'SILENT'
const { presetOf, requireEngineSupport } = await import('./presets.ts')

test("an app's preset is the configured one, with its name, or the default", () => {
  expect(presetOf('web-app-2')).toEqual({ name: 'rich', ...presets.rich })
  expect(presetOf('web-app-1')).toEqual({ name: 'default', ...presets.default })
  expect(presetOf('constructor')).toMatchObject({ name: 'default' })
})

describe('an engine must support the presets that apps use', () => {
  test('jimp does not, and every field is named', () => {
    expect(() => requireEngineSupport('jimp')).toThrow(
      [
        'The presets of the apps need features that IMAGE_ENGINE=jimp does not support:',
        '✖ the jimp engine writes no AVIF',
        '  → at presets.rich.variants[0].format',
        '✖ the jimp engine cannot crop smartly',
        '  → at presets.rich.variants[0].position',
        '✖ the jimp engine keeps no animation',
        '  → at presets.rich.variants[1].animation',
      ].join('\n'),
    )
  })

  test('one that no app uses does not matter', () => {
    expect(() => requireEngineSupport('jimp', { presets, apps: { 'web-app-2': {} } })).not.toThrow()
  })

  test('sharp supports everything', () => {
    expect(() => requireEngineSupport('sharp')).not.toThrow()
  })
})
