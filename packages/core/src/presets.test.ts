import { describe, expect, test } from '@jest/globals'
import { Preset } from './presets.ts'
import { boxOf, VariantSpec } from './variant-spec.ts'

const thumb = { name: 'thumb', size: 320, format: 'webp', quality: 75 }
const preset = { version: 1, variants: [thumb] }

const withVariant = (change: object) => ({ version: 1, variants: [{ ...thumb, ...change }] })

describe('a preset', () => {
  test('is accepted as in the documentation', () => expect(Preset.parse(preset)).toEqual(preset))

  test.each<[string, unknown, string, string]>([
    ['a size too small', withVariant({ size: 15 }), 'variants.0.size', '>=16'],
    ['a size too large', withVariant({ size: 4097 }), 'variants.0.size', '<=4096'],
    ['an unsupported format', withVariant({ format: 'bmp' }), 'variants.0.format', 'jpeg'],
    ['a quality over 100', withVariant({ quality: 101 }), 'variants.0.quality', '<=100'],
    ['a name with a slash', withVariant({ name: '../x' }), 'variants.0.name', 'variant name'],
    [
      'the same name twice',
      { version: 1, variants: [thumb, thumb] },
      'variants',
      'variant names must differ',
    ],
    ['no variant', { version: 1, variants: [] }, 'variants', '>=1'],
    ['no version', { variants: [thumb] }, 'version', 'number'],
    ['an unknown field', withVariant({ colour: 'red' }), 'variants.0', '"colour"'],
    ['no size', withVariant({ size: undefined }), 'variants.0.size', 'a width or height'],
    ['a size and a width', withVariant({ width: 320 }), 'variants.0.size', 'not both'],
    [
      'a crop without a height',
      withVariant({ fit: 'cover', size: undefined, width: 320 }),
      'variants.0.height',
      '"cover" needs a height',
    ],
    [
      'a position without a crop',
      withVariant({ position: 'top' }),
      'variants.0.position',
      'only fit "cover"',
    ],
    ['a quality for PNG', withVariant({ format: 'png' }), 'variants.0.quality', 'png is lossless'],
    [
      'an animated JPEG',
      withVariant({ format: 'jpeg', animation: 'keep' }),
      'variants.0.animation',
      'jpeg cannot be animated: only webp can keep an animation',
    ],
    [
      'a smart crop of an animation',
      withVariant({ animation: 'keep', fit: 'cover', position: 'smart' }),
      'variants.0.position',
      'an animation cannot have a smart crop',
    ],
    [
      'a watermark on an animation',
      withVariant({ animation: 'keep', watermark: { file: 'logo.png' } }),
      'variants.0.watermark',
      'cannot have a watermark',
    ],
    [
      'a frame limit without an animation',
      withVariant({ maxFrames: 10 }),
      'variants.0.maxFrames',
      'only animation "keep"',
    ],
    ['a background with a name', withVariant({ background: 'white' }), 'variants.0.background', '#rrggbb'],
    [
      'a watermark from elsewhere',
      withVariant({ watermark: { file: '../logo.png' } }),
      'variants.0.watermark.file',
      'a watermark must be a .png or .webp',
    ],
    [
      'an invisible watermark',
      withVariant({ watermark: { file: 'logo.png', opacity: 0 } }),
      'variants.0.watermark.opacity',
      '>0',
    ],
  ])('with %s is refused, and the field is named', (_what, value, path, words) => {
    const issues = Preset.safeParse(value).error?.issues.map((issue) => ({
      path: issue.path.join('.'),
      message: issue.message,
    }))
    expect(issues).toEqual([{ path, message: expect.stringContaining(words) }])
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
