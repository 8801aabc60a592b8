import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { newImageId } from './image-id.ts'
import * as keys from './keys.ts'
import { findOwner, imagePrefix, PLACES } from './places.ts'

const image = { app: 'web-app-1', imageId: newImageId() }
const sha256 = 'b5'.repeat(32)

/** Arguments for any builder. */
const PARTS = {
  ...image,
  ...{ variant: 'thumb', extension: 'webp', development: '0a1b2c3d-default-v1' },
  ...{ topic: 'images', date: '2026-11-23', partition: 0, offset: 1, bytes: 5, sha256 },
  ...{
    request: '3f1c1d3e-8b0e-4d0e-9d0a-0a1b2c3d4e5f',
    original: 'input/x',
    sequence: 7,
    keyId: '5b0c1f2a9d3e4f60',
    ...{ kind: keys.OUTCOMES, time: '2026-11-29T10:05:03.123Z', file: '0a1b2c3d' },
    ...keys.eventOf(image),
  },
}

/** Every function in keys.ts that builds a key. */
const BUILDERS = Object.entries(keys).filter(([name]) => /^(?!parse|is)\w*Key$/.test(name)) as [
  string,
  (parts: typeof PARTS) => string,
][]

describe('places', () => {
  test.each(BUILDERS)('include the keys that %s builds, with their owners', (_, build) => {
    const key = build(PARTS)
    const owner = findOwner(key)
    expect(owner?.place).toBe(key.split('/')[0])
    if (key.includes(image.app)) expect(owner?.app).toBe(image.app)
    if (key.includes(image.imageId)) expect(owner?.imageId).toBe(image.imageId)
  })

  test('are those of the layout in keys.ts, and no others', () => {
    const source = readFileSync(join(import.meta.dirname, 'keys.ts'), 'utf8')
    const documented = [...source.matchAll(/^ \* {5}([a-z]+)\//gm)].map(([, place]) => place)
    expect([...PLACES].toSorted()).toEqual([...new Set(documented)].toSorted())
  })

  test('list what they have of one image by its prefix', () => {
    for (const [, build] of BUILDERS) {
      const key = build(PARTS)
      const place = findOwner(key)?.place ?? 'input'
      const prefix = imagePrefix(place, image)
      expect([key, prefix === undefined || key.startsWith(prefix)]).toEqual([key, true])
      expect(prefix === undefined).toBe(!key.includes(image.imageId))
    }
  })
})

test('a key that no builder makes has no owner', () => {
  const { app, imageId } = image
  for (const key of [
    '',
    'input',
    'secret/x',
    `input/${app}/2020-01-01/${imageId}`,
    `claims/Web App/x`,
    'events/x',
    'credentials/5b0c1f2a9d3e4f60',
  ])
    expect([key, findOwner(key)]).toEqual([key, undefined])
})
