import { describe, expect, test } from '@jest/globals'
import { PresetConfiguration, presetFor } from './presets.ts'
import { boxOf, VariantSpec } from './variant-spec.ts'

const thumb = { name: 'thumb', size: 320, format: 'webp', quality: 75 }
const preset = { version: 1, variants: [thumb] }
const example = { presets: { default: preset }, apps: { 'web-app-1': 'default' } }

const withVariant = (change: object) => ({
  presets: { default: { version: 1, variants: [{ ...thumb, ...change }] } },
  apps: {},
})

describe('a preset configuration', () => {
  test('is accepted as in its example', () => expect(PresetConfiguration.parse(example)).toEqual(example))

  test.each<[string, unknown, string, string]>([
    ['no default', { presets: { other: preset }, apps: {} }, 'presets', '"default"'],
    [
      'an app with a preset that does not exist',
      { ...example, apps: { 'web-app-1': 'nope' } },
      'apps.web-app-1',
      'no preset is named "nope" (there are: default)',
    ],
    [
      'an app whose preset is the name of a built-in property',
      { ...example, apps: { 'web-app-1': 'constructor' } },
      'apps.web-app-1',
      'no preset is named "constructor"',
    ],
    ['an invalid app id', { ...example, apps: { 'Web App': 'default' } }, 'apps.Web App', 'key'],
    ['a size too small', withVariant({ size: 15 }), 'presets.default.variants.0.size', '>=16'],
    ['a size too large', withVariant({ size: 4097 }), 'presets.default.variants.0.size', '<=4096'],
    ['an unsupported format', withVariant({ format: 'bmp' }), 'presets.default.variants.0.format', 'jpeg'],
    ['a quality over 100', withVariant({ quality: 101 }), 'presets.default.variants.0.quality', '<=100'],
    ['a name with a slash', withVariant({ name: '../x' }), 'presets.default.variants.0.name', 'variant name'],
    [
      'the same name twice',
      { presets: { default: { version: 1, variants: [thumb, thumb] } }, apps: {} },
      'presets.default.variants',
      'variant names must differ',
    ],
    [
      'no variant',
      { presets: { default: { version: 1, variants: [] } }, apps: {} },
      'presets.default.variants',
      '>=1',
    ],
    [
      'no version',
      { presets: { default: { variants: [thumb] } }, apps: {} },
      'presets.default.version',
      'number',
    ],
    ['an unknown field', withVariant({ colour: 'red' }), 'presets.default.variants.0', '"colour"'],
    ['no size', withVariant({ size: undefined }), 'presets.default.variants.0.size', 'a width or height'],
    ['a size and a width', withVariant({ width: 320 }), 'presets.default.variants.0.size', 'not both'],
    [
      'a crop without a height',
      withVariant({ fit: 'cover', size: undefined, width: 320 }),
      'presets.default.variants.0.height',
      '"cover" needs a height',
    ],
    [
      'a position without a crop',
      withVariant({ position: 'top' }),
      'presets.default.variants.0.position',
      'only fit "cover"',
    ],
    [
      'a quality for PNG',
      withVariant({ format: 'png' }),
      'presets.default.variants.0.quality',
      'png is lossless',
    ],
    [
      'an animated JPEG',
      withVariant({ format: 'jpeg', animation: 'keep' }),
      'presets.default.variants.0.animation',
      'jpeg cannot be animated: only webp can keep an animation',
    ],
    [
      'a smart crop of an animation',
      withVariant({ animation: 'keep', fit: 'cover', position: 'smart' }),
      'presets.default.variants.0.position',
      'an animation cannot have a smart crop',
    ],
    [
      'a watermark on an animation',
      withVariant({ animation: 'keep', watermark: { file: 'logo.png' } }),
      'presets.default.variants.0.watermark',
      'cannot have a watermark',
    ],
    [
      'a frame limit without an animation',
      withVariant({ maxFrames: 10 }),
      'presets.default.variants.0.maxFrames',
      'only animation "keep"',
    ],
    [
      'a background with a name',
      withVariant({ background: 'white' }),
      'presets.default.variants.0.background',
      '#rrggbb',
    ],
    [
      'a watermark from elsewhere',
      withVariant({ watermark: { file: '../logo.png' } }),
      'presets.default.variants.0.watermark.file',
      'a watermark must be a .png or .webp',
    ],
    [
      'an invisible watermark',
      withVariant({ watermark: { file: 'logo.png', opacity: 0 } }),
      'presets.default.variants.0.watermark.opacity',
      '>0',
    ],
  ])('with %s is refused, and the field is named', (_what, value, path, words) => {
    const issues = PresetConfiguration.safeParse(value).error?.issues.map((issue) => ({
      path: issue.path.join('.'),
      message: issue.message,
    }))
    expect(issues).toEqual([{ path, message: expect.stringContaining(words) }])
  })
})

describe('the preset of an app', () => {
  const configuration = PresetConfiguration.parse({
    presets: { default: preset, small: { ...preset, version: 7 } },
    apps: { 'web-app-2': 'small' },
  })

  test('is the configured one, with its name', () => {
    expect(presetFor(configuration, 'web-app-2')).toEqual({ name: 'small', version: 7, variants: [thumb] })
  })

  test('is the default otherwise', () => {
    expect(presetFor(configuration, 'web-app-1')).toEqual({ name: 'default', ...preset })
    expect(presetFor(configuration, 'constructor')).toMatchObject({ name: 'default' })
  })
})

describe('a variant', () => {
  test.each([
    [{ size: 320 }, 320, 320],
    [{ width: 640 }, 640, 4096],
    [{ height: 480 }, 4096, 480],
    [{ fit: 'cover', width: 640, height: 480, position: 'smart' }, 640, 480],
    [{ fit: 'cover', size: 100 }, 100, 100],
  ])('%j has a bounding box of %i × %i', (fields, width, height) => {
    const spec = VariantSpec.parse({ name: 'a', format: 'avif', ...fields })
    expect(boxOf(spec)).toEqual({ width, height })
  })

  test('has its watermark in a corner, half transparent, by default', () => {
    const { watermark } = VariantSpec.parse({ ...thumb, watermark: { file: 'logo.png' } })
    expect(watermark).toEqual({ file: 'logo.png', gravity: 'bottom-right', opacity: 0.6, size: 0.2 })
  })
})
