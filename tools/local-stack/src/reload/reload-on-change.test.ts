import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { expect, test } from '@jest/globals'
import { repositoryRoot } from '../repository-root.ts'
import { reloadOnChange } from './reload-on-change.ts'

test('an edit of a source is taken by those that use it, of a test or of another file by none', async () => {
  await mkdir(join(repositoryRoot, '.cache'), { recursive: true })
  const folder = await mkdtemp(join(repositoryRoot, '.cache', 'edits-'))
  const save = async (name: string) => {
    await writeFile(join(folder, '.draft'), name)
    await rename(join(folder, '.draft'), join(folder, name))
  }
  const pages: Record<string, Set<string>> = {
    one: new Set(['page.tsx', 'page.css', 'index.html', 'icon.svg'].map((name) => join(folder, name))),
    two: new Set([join(folder, 'server.ts'), join(folder, 'page.css')]),
  }
  const reloads: string[][] = []
  const lines: string[] = []
  let onReload = () => {}
  const log = { notice: (line: string) => lines.push(line), warning() {}, error() {} }
  const reloadable = {
    names: Object.keys(pages),
    sourcesOf: (name: string) => pages[name] ?? new Set<string>(),
    async reload(names: readonly string[]) {
      reloads.push([...names])
      onReload()
      return []
    },
  }
  const watching = reloadOnChange(reloadable, () => log)
  for (const name of ['unused.ts', 'page.test.ts', 'notes.md']) await save(name)
  for (const name of ['page.tsx', 'page.css', 'index.html', 'icon.svg', 'server.ts']) {
    const reloaded = new Promise<void>((resolve) => {
      onReload = resolve
    })
    await save(name)
    await reloaded
  }
  await watching.stop()
  expect(reloads).toEqual([['one'], ['one', 'two'], ['one'], ['one'], ['two']])
  expect(lines.at(-1)).toMatch(
    new RegExp(`^reloaded after \\d+ ms: ${relative(repositoryRoot, folder)}/server\\.ts has changed$`),
  )
  await rm(folder, { recursive: true })
})
