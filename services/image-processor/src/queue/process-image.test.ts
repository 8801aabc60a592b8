import { inputKey, newImageId } from '@darkroom/core'
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
    const image = { app: 'web-app-1', imageId: newImageId() }
    const bytes = Buffer.from([0xff, 0xd8, 0, 1, 2])
    await resources.put(inputKey(image), bytes)
    expect(Buffer.from(await readOriginal(image))).toEqual(bytes)
  })

  test('reports a missing original', async () => {
    await expect(readOriginal({ app: 'web-app-1', imageId: newImageId() })).rejects.toMatchObject({
      slug: 'source-expired',
      retryable: false,
    })
  })
})
