import { PresetConfiguration } from '@darkroom/core'
import { describe, expect, test } from '@jest/globals'
import { presetConfiguration } from './preset-configuration.ts'
import { requireEngineSupport } from './require-engine-support.ts'

const demanding = PresetConfiguration.parse({
  presets: {
    default: { version: 1, variants: [{ name: 'thumb', size: 320, format: 'webp' }] },
    rich: {
      version: 2,
      variants: [
        { name: 'card', fit: 'cover', size: 320, position: 'smart', format: 'avif' },
        { name: 'moving', size: 320, format: 'webp', animation: 'keep' },
      ],
    },
  },
  apps: {},
})

describe('an engine has to support all presets', () => {
  test('jimp does not, and every field is named', () => {
    expect(() => requireEngineSupport('jimp', demanding)).toThrow(
      [
        'presets.json asks for what IMAGE_ENGINE=jimp cannot do:',
        '✖ the jimp engine writes no AVIF',
        '  → at presets.rich.variants[0].format',
        '✖ the jimp engine cannot crop smartly',
        '  → at presets.rich.variants[0].position',
        '✖ the jimp engine keeps no animation',
        '  → at presets.rich.variants[1].animation',
      ].join('\n'),
    )
  })

  test('sharp supports whatever can be asked for', () => {
    expect(() => requireEngineSupport('sharp', demanding)).not.toThrow()
  })

  test.each(['sharp', 'jimp'] as const)('%s supports presets.json', (engine) => {
    expect(() => requireEngineSupport(engine, presetConfiguration)).not.toThrow()
  })
})
