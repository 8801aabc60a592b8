import { expect, test } from '@jest/globals'
import { readOptions } from './options.ts'

test('none are needed', () => {
  expect(readOptions()).toEqual({ createResources: false, maximumConcurrency: 5, shutdownTimeout: 5 })
})

test.each([{ createResource: true }, { maximumConcurrency: 0 }, { createResources: 'yes' }])(
  'refuses %j',
  (options) => {
    expect(() => readOptions({ offlineEventSources: options })).toThrow(/custom\.offlineEventSources/)
  },
)
