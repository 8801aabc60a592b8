import { expect, test } from '@jest/globals'
import { formatTable } from './format-table.ts'

const columns = ['image_id', 'n', 'failure_detail']
const rows = [['01a0e62e-5c12-7d31-a7be-da815c6ec4f7', 12, 'The image data ends too early.']]

test('numbers stand to the right, null is nothing', () => {
  expect(
    formatTable(
      ['status', 'n'],
      [
        ['failed', 1],
        [null, 12],
      ],
    ),
  ).toBe(['  status   n', '  ──────  ──', '  failed   1', '          12'].join('\n'))
})

test('what is too wide for the terminal is cut, the widest first', () => {
  const lines = formatTable(columns, rows, 60).split('\n')
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(60)
  expect(lines.at(-1)).toBe('  01a0e62e-5c12-7d31-a7be-d…  12  The image data ends too e…')
})

test('in a file nothing is cut', () => {
  expect(formatTable(columns, rows)).toContain(
    '01a0e62e-5c12-7d31-a7be-da815c6ec4f7  12  The image data ends too early.',
  )
})
