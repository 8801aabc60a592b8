import { ProblemError, s3Uri } from '@darkroom/core'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type Resources, startResources } from '../../test/start-resources.ts'

let resources: Resources
let readOriginal: typeof import('./process-image.ts').readOriginal
beforeAll(async () => {
  resources = await startResources()
  readOriginal = (await import('./process-image.ts')).readOriginal
})
afterAll(() => resources.stop())

describe('readOriginal', () => {
  test('returns the bytes', async () => {
    const bytes = Buffer.from([0xff, 0xd8, 0, 1, 2])
    await resources.put('input/a/2026-01-01/x', bytes)
    expect(Buffer.from(await readOriginal(s3Uri('darkroom-test', 'input/a/2026-01-01/x')))).toEqual(bytes)
  })

  test('reports a missing original', async () => {
    await expect(readOriginal(s3Uri('darkroom-test', 'input/a/2026-01-01/gone'))).rejects.toMatchObject({
      slug: 'source-expired',
      retryable: false,
    })
  })

  test.each(['s3://another-bucket/input/a/2026-01-01/x', 'https://example.com/x'])(
    'does not blame the image for %s',
    async (uri) => {
      const error = await readOriginal(uri).catch((caught) => caught)
      expect(error).toHaveProperty('stack')
      expect(error instanceof ProblemError ? error.slug : 'internal').not.toBe('source-expired')
      expect(error.retryable).not.toBe(false)
    },
  )
})
