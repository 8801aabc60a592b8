import { presetFor } from '@darkroom/core'
import { describe, expect, test } from '@jest/globals'
import { presetConfiguration, readPresetConfiguration } from './preset-configuration.ts'

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

  test('stops a function with the name of the wrong field', () => {
    const thumb = { name: 'thumb', size: 320, format: 'webp', quality: 175 }
    const configuration = { presets: { default: { version: 1, variants: [thumb] } }, apps: {} }
    expect(() => readPresetConfiguration(configuration)).toThrow(
      /^presets\.json is not valid:\n.*presets\.default\.variants\[0\]\.quality/s,
    )
  })

  test('names only presets that there are', () => {
    const configuration = { ...presetConfiguration, apps: { 'web-app-1': 'poster' } }
    expect(() => readPresetConfiguration(configuration)).toThrow(/no preset is named "poster"/)
  })
})
