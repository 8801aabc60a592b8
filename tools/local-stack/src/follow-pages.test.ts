import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { refreshPage } from '@darkroom/page/serve'
import { expect, test } from '@jest/globals'
import { followPages } from './follow-pages.ts'

test('an edit of a page or of a package that it uses is built, and an error keeps the last good version', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'darkroom-pages-'))
  const source = join(folder, 'page')
  await mkdir(source)
  const write = async (text: string, file = 'page/page.ts') => {
    await writeFile(join(folder, 'draft'), text)
    await rename(join(folder, 'draft'), join(folder, file))
  }
  await mkdir(join(folder, 'package'))
  await writeFile(join(folder, 'package', 'word.ts'), 'export const word = "a"')
  await writeFile(join(source, 'index.html'), '<script type="module" src="page.ts"></script>')
  const page = 'import { word } from "../package/word.ts"; document.title = word'
  await write(page)
  await refreshPage(source)
  let onLine: (line: string) => void = () => {}
  const stop = followPages({ example: source }, (...line) => onLine(line.join(' ')))
  const edit = async (text: string, file?: string) => {
    const line = new Promise<string>((resolve) => {
      onLine = resolve
    })
    await write(text, file)
    return line
  }
  expect(await edit('export const word = "b"', 'package/word.ts')).toContain('word.ts has changed')
  expect(await edit(`${page} + "!"`)).toMatch(/^example INFO reloaded after \d+ ms: page\.ts has changed$/)
  const failed = 'example ERROR not reloaded, the last good version keeps running: '
  expect(await edit('const = 1')).toBe(`${failed}page.ts:1:7 Expected identifier but found "="`)
  expect(await edit('import "./page.css"')).toMatch(/page\.ts:1:8 Could not resolve/)
  expect(await edit('p {{ ; }', 'page/page.css')).toMatch(/page\.css:1:\d+ /)
  stop()
  await rm(folder, { recursive: true })
})
