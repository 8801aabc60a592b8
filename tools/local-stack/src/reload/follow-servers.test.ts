import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { expect, test } from '@jest/globals'
import { repositoryRoot } from '../repository-root.ts'
import { followServers, SERVERS } from './follow-servers.ts'

test('a change of a source is reported once, of a test not at all', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'darkroom-servers-'))
  await mkdir(join(folder, 'routes'))
  const changed: string[] = []
  const last = Promise.withResolvers<void>()
  const stop = followServers([folder], (path) => {
    changed.push(path)
    if (path.endsWith('last.ts')) last.resolve()
  })
  for (const name of ['routes/get.test.ts', 'notes.md', 'routes/get.ts', 'last.ts']) {
    await writeFile(join(folder, 'draft'), 'a')
    await rename(join(folder, 'draft'), join(folder, name))
  }
  await last.promise
  stop()
  expect(changed).toEqual(
    ['routes/get.ts', 'last.ts'].map((name) => relative(repositoryRoot, join(folder, name))),
  )
  await rm(folder, { recursive: true })
})

test('every folder of servers exists', () => {
  expect(() => followServers(SERVERS, () => {})()).not.toThrow()
})
