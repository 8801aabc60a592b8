import { expect, test } from '@jest/globals'
import { formatTable } from './format-table.ts'

const columns = ['image_id', 'n', 'failure_detail']
const rows = [['01a0e62e-5c12-7d31-a7be-da815c6ec4f7', 12, 'The image data ends too early.']]

test('aligns numbers to the right and prints null as nothing', () => {
  const statuses = [
    ['failed', 1],
    [null, 12],
  ]
  const expected = ['  status   n', '  ──────  ──', '  failed   1', '          12']
  expect(formatTable(['status', 'n'], statuses)).toBe(expected.join('\n'))
})

test('aligns numbers with units as numbers, and dates as text', () => {
  const sizes = [
    ['2026-11-27', '16 KB'],
    ['2026-11-28', '1,024 KB'],
  ]
  const lines = formatTable(['day of the month', 'size'], sizes).split('\n')
  expect(lines.slice(2)).toEqual(['  2026-11-27           16 KB', '  2026-11-28        1,024 KB'])
})

test('cuts what is too wide for 80 columns or the given width, the widest cells first', () => {
  for (const [width, table] of [
    [80, formatTable([...columns, 'app'], [[...(rows[0] ?? []), 'web-app-1 and others']])],
    [60, formatTable(columns, rows, 60)],
  ] as const) {
    for (const line of table.split('\n')) expect(line.length).toBeLessThanOrEqual(width)
  }
  expect(formatTable(columns, rows, 60).split('\n').at(-1)).toBe(
    '  01a0e62e-5c12-7d31-a7be-d…  12  The image data ends too e…',
  )
})

test('an emoji takes two columns and is never cut in half; control characters do not reach the terminal', () => {
  const names = [['🏔️ morning.jpg'], ['naïve\u001b[2Jname\n.jpg']]
  const lines = formatTable(
    ['file', 'n'],
    names.map(([name], n) => [name, n]),
  ).split('\n')
  expect(lines.slice(2)).toEqual(['  🏔️ morning.jpg  0', '  naïvename�.jpg  1'])
  expect(
    formatTable(['file'], [['🏔️🏔️🏔️🏔️🏔️🏔️']], 11)
      .split('\n')
      .at(-1),
  ).toBe('  🏔️🏔️🏔️🏔️…')
})

test('cuts nothing without a limit', () => {
  expect(formatTable(columns, rows, Number.POSITIVE_INFINITY)).toContain(
    '01a0e62e-5c12-7d31-a7be-da815c6ec4f7  12  The image data ends too early.',
  )
})
