import { PresetConfiguration, presetFor } from '@darkroom/core'
import { describe, expect, test } from '@jest/globals'
import { presetConfiguration, readPresetConfiguration, requireEngineSupport } from './preset-configuration.ts'

describe('presets.json', () => {
  test('gives every app the variants that the API promises', () => {
    const { name, version, variants } = presetFor(presetConfiguration, 'web-app-1')
    expect([name, version]).toEqual(['default', 1])
    expect(variants.map((variant) => [variant.name, variant.size, variant.format])).toEqual([
      ['thumb', 320, 'webp'],
      ['medium', 1024, 'jpeg'],
      ['large', 2048, 'jpeg'],
    ])
  })

  test('has a preset with AVIF beside each variant that every browser shows', () => {
    const sizes = (format: RegExp) =>
      presetConfiguration.presets.modern?.variants
        .filter((variant) => format.test(variant.format))
        .map(({ size }) => size)
    expect(sizes(/avif/)).toEqual([320, 1024, 2048])
    expect(sizes(/jpeg|webp/)).toEqual([320, 1024, 2048])
  })

  test('stops a function with the name of the wrong field', () => {
    const thumb = { name: 'thumb', size: 320, format: 'webp', quality: 175 }
    const configuration = { presets: { default: { version: 1, variants: [thumb] } }, apps: {} }
    expect(() => readPresetConfiguration(configuration)).toThrow(
      /^presets\.json is not valid:\n.*presets\.default\.variants\[0\]\.quality/s,
    )
  })

  test('refuses an app with an unknown preset', () => {
    const configuration = { ...presetConfiguration, apps: { 'web-app-1': 'poster' } }
    expect(() => readPresetConfiguration(configuration)).toThrow(/no preset is named "poster"/)
  })
})

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
  apps: { 'web-app-2': 'rich' },
})

describe('an engine must support the presets that apps use', () => {
  test('jimp does not, and every field is named', () => {
    expect(() => requireEngineSupport('jimp', demanding)).toThrow(
      [
        'presets.json needs features that IMAGE_ENGINE=jimp does not support:',
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
    expect(() => requireEngineSupport('jimp', { ...demanding, apps: {} })).not.toThrow()
  })

  test('sharp supports everything', () => {
    expect(() => requireEngineSupport('sharp', demanding)).not.toThrow()
  })

  test.each(['sharp', 'jimp'] as const)('%s supports presets.json', (engine) => {
    expect(() => requireEngineSupport(engine, presetConfiguration)).not.toThrow()
  })
})
