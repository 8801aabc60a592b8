import { expect, test } from '@jest/globals'
import { pngThatClaims } from '../testing/test-images.ts'
import { jimpEngine } from './jimp-engine.ts'

test('refuses what it has no memory for, though the type may have as many pixels', async () => {
  const original = await pngThatClaims(9000, 5000)
  await expect(jimpEngine.develop(original, [])).rejects.toMatchObject({ slug: 'image-too-large' })
})
