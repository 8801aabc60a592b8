import { describe, expect, test } from '@jest/globals'
import sharp from 'sharp'
import { develop } from '../development/develop.ts'
import { sharpEngine } from '../engines/sharp-engine.ts'
import { fourCorners } from '../testing/test-images.ts'
import { readPresetConfiguration } from './preset-configuration.ts'

const configured = (file: string) => ({
  presets: {
    default: { version: 1, variants: [{ name: 'a', size: 200, format: 'png', watermark: { file } }] },
  },
  apps: {},
})

describe('a watermark of a preset', () => {
  test('that does not exist stops a function', () => {
    expect(() => readPresetConfiguration(configured('nowhere.png'))).toThrow(
      /there is no watermarks\/nowhere\.png\n.*presets\.default\.variants\[0\]\.watermark\.file/s,
    )
  })

  test('is read from its folder and drawn on the variant', async () => {
    const { presets } = readPresetConfiguration(configured('darkroom.png'))
    const original = await fourCorners(300, 200).png().toBuffer()
    const preset = presets.default ?? { version: 1, variants: [] }
    const { variants } = await develop(sharpEngine, original, preset)
    const corner = { left: 150, top: 100, width: 50, height: 33 }
    const [marked, plain] = await Promise.all(
      [variants[0]?.data, await fourCorners(200, 133).png().toBuffer()].map((data) =>
        sharp(data).extract(corner).raw().toBuffer(),
      ),
    )
    expect(marked).not.toEqual(plain)
  })
})
