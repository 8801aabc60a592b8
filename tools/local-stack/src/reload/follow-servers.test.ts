import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { expect, test } from '@jest/globals'
import { repositoryRoot } from '../repository-root.ts'
import { followServers } from './follow-servers.ts'

test('a change of a source is reported once, of a test or of what is loaded again not at all', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'darkroom-servers-'))
  await mkdir(join(folder, 'routes'))
  const changed: string[] = []
  const last = Promise.withResolvers<void>()
  const pages = { names: ['page'], sourcesOf: () => new Set([join(folder, 'routes/page.ts')]) }
  const stop = followServers([folder], pages, (line) => {
    changed.push(line)
    if (line.includes('last.ts')) last.resolve()
  })
  for (const name of ['routes/get.test.ts', 'notes.md', 'routes/page.ts', 'routes/get.ts', 'last.ts']) {
    await writeFile(join(folder, 'draft'), 'a')
    await rename(join(folder, 'draft'), join(folder, name))
  }
  await last.promise
  stop()
  expect(changed).toEqual(
    ['routes/get.ts', 'last.ts'].map(
      (name) =>
        `Restart pnpm dev: ${relative(repositoryRoot, join(folder, name))} has changed, which runs the stack.`,
    ),
  )
  await rm(folder, { recursive: true })
})
