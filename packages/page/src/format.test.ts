import { expect, test } from '@jest/globals'
import { cameraOf, formatBytes, formatChange, formatDateAndTime, formatTime } from './format.ts'

test.each([
  [1, '1 KB'],
  [733_000, '716 KB'],
  [1024 * 1024, '1 MB'],
  [5_452_595, '5.2 MB'],
])('%d bytes are %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text)
})

test.each([
  [1000, 420, '−58 %'],
  [1000, 1030, '+3 %'],
  [1000, 1004, '0 %'],
])('from %d to %d bytes is %s', (before, after, text) => {
  expect(formatChange(before, after)).toBe(text)
})

test('a time has no date today, and one on other days', () => {
  expect(formatTime(new Date().toISOString())).toMatch(/^\d\d:\d\d$/)
  const other = new Date(2025, 10, 3, 4, 5)
  expect(formatTime(other.toISOString())).toBe('3 Nov 2025, 04:05')
  expect(formatDateAndTime(other)).toBe('3 Nov 2025, 04:05')
})

test.each([
  [{ cameraMake: 'NIKON CORPORATION', cameraModel: 'NIKON D80' }, 'NIKON D80'],
  [{ cameraMake: 'SONY', cameraModel: 'DSC-W90' }, 'SONY DSC-W90'],
  [{ cameraModel: 'Pixel 8' }, 'Pixel 8'],
  [{ cameraMake: 'OPPO' }, 'OPPO'],
  [{}, ''],
])('the camera of %j is %j', (exif, text) => {
  expect(cameraOf(exif)).toBe(text)
})
