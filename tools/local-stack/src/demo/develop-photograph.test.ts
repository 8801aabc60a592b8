import { PROBLEMS } from '@darkroom/core'
import { expect, test } from '@jest/globals'
import { inWords } from './develop-photograph.ts'

test('a problem says everything once', () => {
  const sentence = 'The request contains no image'
  expect(inWords({ title: sentence, detail: `${sentence}. Send one.` })).toBe(`${sentence}. Send one.`)
  expect(inWords({ title: 'The image is damaged', detail: 'Send it again.' })).toBe(
    'The image is damaged. Send it again.',
  )
  const detail = "This file type isn't supported: HEIC."
  expect(inWords({ title: PROBLEMS['unsupported-media-type'].title, detail })).toBe(detail)
})
