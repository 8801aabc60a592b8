import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { refreshPage } from '@darkroom/page/serve'
import { expect, test } from '@jest/globals'
import { followPages } from './follow-pages.ts'

test('an edit of a page is built, and an error keeps the last good version', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'darkroom-pages-'))
  const source = join(folder, 'page')
  await mkdir(source)
  const write = async (text: string) => {
    await writeFile(join(folder, 'draft'), text)
    await rename(join(folder, 'draft'), join(source, 'page.ts'))
  }
  await writeFile(join(source, 'index.html'), '<script type="module" src="page.ts"></script>')
  await write('document.title = "a"')
  await refreshPage(source)
  let onLine: (line: string) => void = () => {}
  const stop = followPages({ example: source }, (...line) => onLine(line.join(' ')))
  const edit = async (text: string) => {
    const line = new Promise<string>((resolve) => {
      onLine = resolve
    })
    await write(text)
    return line
  }
  expect(await edit('document.title = "b"')).toMatch(
    /^example INFO reloaded after \d+ ms: page\.ts has changed$/,
  )
  expect(await edit('const = 1')).toMatch(/^example ERROR not reloaded.*page\.ts:1:6/s)
  stop()
  await rm(folder, { recursive: true })
})
