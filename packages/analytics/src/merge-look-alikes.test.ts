import { expect, test } from '@jest/globals'
import { mergeLookAlikesStatement } from './merge-look-alikes.ts'

test('names all images once, because Athena reads and bills a table as often as a statement names it', () => {
  const statement = mergeLookAlikesStatement(3)
  const named = (table: string) => statement.match(new RegExp(`(FROM|JOIN) ${table}\\b`, 'g'))?.length
  expect(['images', 'hashes', 'recent'].map(named)).toEqual([1, 1, 1])
  // The other two are images of the last days.
  expect(named('hashed')).toBe(3)
})
