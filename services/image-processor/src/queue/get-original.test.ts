import { ProblemError, s3Uri } from '@darkroom/core'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type Resources, startResources } from '../../test/start-resources.ts'

let resources: Resources
let getOriginal: typeof import('./get-original.ts').getOriginal
beforeAll(async () => {
  resources = await startResources()
  getOriginal = (await import('./get-original.ts')).getOriginal
})
afterAll(() => resources.stop())

describe('getOriginal', () => {
  test('brings the bytes', async () => {
    const bytes = Buffer.from([0xff, 0xd8, 0, 1, 2])
    await resources.put('input/a/2026-01-01/x', bytes)
    expect(Buffer.from(await getOriginal(s3Uri('darkroom-test', 'input/a/2026-01-01/x')))).toEqual(bytes)
  })

  test('says that it is gone', async () => {
    await expect(getOriginal(s3Uri('darkroom-test', 'input/a/2026-01-01/gone'))).rejects.toMatchObject({
      slug: 'source-expired',
      retryable: false,
      cause: { name: 'NoSuchKey' },
    })
  })

  test.each(['s3://another-bucket/input/a/2026-01-01/x', 'https://example.com/x'])(
    'does not blame the image for %s',
    async (uri) => {
      const error = await getOriginal(uri).catch((caught) => caught)
      expect(error).toHaveProperty('stack')
      expect(error).not.toBeInstanceOf(ProblemError)
    },
  )
})
