import { mkdtemp, open, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { writeBundles } from './write-bundles.ts'

test('who has opened a bundle reads all of it, although it is written again meanwhile', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'darkroom-bundles-'))
  const path = join(folder, 'service', 'handler.mjs')
  const write = (text: string) => writeBundles([{ path, contents: Buffer.from(text) }])
  await write('export const handler = 1')
  const opened = await open(path)
  await write('export const handler = 2')
  expect(await opened.readFile('utf8')).toBe('export const handler = 1')
  expect(await readFile(path, 'utf8')).toBe('export const handler = 2')
  await opened.close()
  await rm(folder, { recursive: true })
})
