import { expect, test } from '@jest/globals'
import { dollars, seconds } from './format.ts'

test.each([
  [0, '$0'],
  [0.0031, '$0.0031'],
  [0.3, '$0.30'],
  [12.5, '$12.50'],
  [1234.5, '$1,235'],
])('%d dollars are %s', (value, text) => {
  expect(dollars(value)).toBe(text)
})

test.each([
  [840, '0.84\u00a0s'],
  [12_000, '12\u00a0s'],
  [210_000, '3.5\u00a0min'],
])('%d ms are %s', (milliseconds, text) => {
  expect(seconds(milliseconds)).toBe(text)
})
