import { describe, expect, test } from '@jest/globals'
import sharp from 'sharp'
import { readTraits, withoutLeadingJunk } from './formats.ts'
import { inspectImage } from './inspect-image.ts'
import { SAMPLES } from './testing/sample-images.ts'

const JUNK = {
  'a blank line': '\r\n',
  'a byte order mark': '\xef\xbb\xbf',
  'all of them': '\xef\xbb\xbf \t\r\n\f\0\0\0\0',
}

test.each([0, 3])('a JPEG’s quality is estimated from quantization table %i', async (quantisationTable) => {
  for (const quality of [75, 85, 95]) {
    const jpeg = await sharp(SAMPLES['image/png']).jpeg({ quality, quantisationTable }).toBuffer()
    expect(Math.abs((readTraits(jpeg).quality ?? 0) - quality)).toBeLessThanOrEqual(2)
  }
})

describe.each(Object.entries(SAMPLES))('%s', (contentType, image) => {
  test('is returned unchanged', () => expect(withoutLeadingJunk(image)).toBe(image))

  test.each(Object.entries(JUNK))('after %s is found', async (_what, junk) => {
    const bytes = Buffer.concat([Buffer.from(junk, 'latin1'), image])
    expect(Buffer.from(withoutLeadingJunk(bytes))).toEqual(image)
    expect(await inspectImage(bytes)).toMatchObject({ contentType, width: 24, height: 16 })
  })

  test.each(['<?php ', '<!doctype html>', 'GET /', '\0a', ' '.repeat(600)])(
    'after %j is not an image',
    async (junk) => {
      const bytes = Buffer.concat([Buffer.from(junk, 'latin1'), image])
      await expect(inspectImage(bytes)).rejects.toMatchObject({ slug: 'unsupported-media-type' })
    },
  )
})
