import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { documentedTable } from '../../services/upload-api/src/testing/documented-table.ts'
import { CONTROLS } from './controls.ts'

const root = join(import.meta.dirname, '../..')

test.each(CONTROLS)(
  'can be removed by pnpm controls: $name',
  async ({ file, code, without, test: attack }) => {
    const source = await readFile(join(root, file), 'utf8')
    expect(source.split(code)).toHaveLength(2)
    expect(without).not.toBe(code)
    expect(existsSync(join(root, attack))).toBe(true)
  },
)

test('docs/security.md has the controls, and the tests that attack them', async () => {
  const documented = await documentedTable('Controls, removed one at a time')
  const plain = (cell: string) => cell.replaceAll('`', '')
  expect(documented.map((row) => row.map(plain))).toEqual(
    CONTROLS.map(({ name, file, test: attack }) => [name, file, attack.split('/').at(-1)]),
  )
})
