import { VariantSpec } from '@darkroom/core'
import { expect, test } from '@jest/globals'
import sharp from 'sharp'
import { develop } from '../development/develop.ts'
import { sharpEngine } from '../engines/sharp-engine.ts'
import { fourCorners } from '../testing/test-images.ts'

test('a watermark is read from its folder and drawn on the variant', async () => {
  const spec = { name: 'a', size: 200, format: 'png', watermark: { file: 'darkroom.png' } }
  const original = await fourCorners(300, 200).png().toBuffer()
  const preset = { version: 1, variants: [VariantSpec.parse(spec)] }
  const { variants } = await develop(sharpEngine, original, preset)
  const corner = { left: 150, top: 100, width: 50, height: 33 }
  const [marked, plain] = await Promise.all(
    [variants[0]?.data, await fourCorners(200, 133).png().toBuffer()].map((data) =>
      sharp(data).extract(corner).raw().toBuffer(),
    ),
  )
  expect(marked).not.toEqual(plain)
})
