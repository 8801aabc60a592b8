import { expect, test } from '@jest/globals'
import { readOptions } from './options.ts'

test('has defaults', () => {
  expect(readOptions()).toEqual({ createResources: false, maximumConcurrency: 2, shutdownTimeout: 5 })
})

test.each([{ createResource: true }, { maximumConcurrency: 0 }, { createResources: 'yes' }])(
  'rejects %j',
  (options) => {
    expect(() => readOptions({ offlineEventSources: options })).toThrow(/custom\.offlineEventSources/)
  },
)
