import { expect, test } from '@jest/globals'

test('the global object is an ordinary one: a contextified one refuses this', () => {
  expect(Reflect.preventExtensions(globalThis)).toBe(true)
})
