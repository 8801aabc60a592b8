import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { freePort } from '../ports.ts'
import { repositoryRoot } from '../repository-root.ts'

const MODULE = `import { createServer } from 'node:http'
import { word } from './package/word.ts'
import { inputsOf, refreshPage } from ${JSON.stringify(join(repositoryRoot, 'packages/page/src/serve-page.ts'))}
export { inputsOf, refreshPage }
export const source = import.meta.dirname + '/page'
export const start = async ({ port }: { port: number }) => {
  if (inputsOf(source).length === 0) await refreshPage(source)
  if (word === 'throws') throw new Error('It cannot start.')
  const server = createServer((_, answer) => answer.end(word)).listen(port, '127.0.0.1')
  return { stop: () => new Promise((resolve) => server.close(resolve).closeAllConnections()) }
}`

/** Jest's modules are not Node's, so it runs in a process of its own: edits in turn, and what is served after each. */
const PROGRAM = `
import { readFileSync, writeFileSync } from 'node:fs'
const [src, folder, port] = process.argv.slice(1)
const { followImports } = await import(src + '/reload/loaded-modules.ts')
const { describeFailure } = await import(src + '/describe-failure.ts')
followImports()
const { servePage } = await import(src + '/pages/serve-page.ts')
const file = folder + '/example.ts'
const page = await servePage(file, () => import(file), { port: Number(port) })
const said = async () => {
  const [script] = readFileSync(folder + '/dist/index.html', 'utf8').match(/page-[^"]+/)
  const answer = await fetch('http://127.0.0.1:' + port, { headers: { connection: 'close' } })
  return [await answer.text(), readFileSync(folder + '/dist/' + script, 'utf8').trim()]
}
const edit = async (path, text) => {
  writeFileSync(folder + path, text)
  const mistake = await page.reload([folder + path]).then(() => '', describeFailure)
  return [...await said(), mistake]
}
const word = (text) => edit('/package/word.ts', text)
const results = {
  first: await said(),
  other: await word("export const word: string = 'other'"),
  syntax: await word("export const word: string == 'x'"),
  start: await word("export const word = 'throws'"),
  page: await edit('/page/page.ts', 'const = 1'),
  fixed: await edit('/page/page.ts', "document.title = 'fixed'"),
  last: await word("export const word = 'last'"),
}
const sources = [...page.sources()].filter((path) => path.startsWith(folder)).map((path) => path.slice(folder.length))
await page.stop()
console.log(JSON.stringify({ results, sources }))
`

let folder: string
beforeAll(async () => {
  await mkdir(join(repositoryRoot, '.cache'), { recursive: true })
  folder = await mkdtemp(join(repositoryRoot, '.cache', 'pages-'))
  for (const name of ['page', 'package']) await mkdir(join(folder, name))
  await writeFile(join(folder, 'example.ts'), MODULE)
  await writeFile(join(folder, 'package/word.ts'), "export const word = 'first'")
  await writeFile(join(folder, 'page/index.html'), '<script type="module" src="page.ts"></script>')
  await writeFile(join(folder, 'page/page.ts'), "document.title = 'first'")
})
afterAll(() => rm(folder, { recursive: true }))

test('a server is loaded again with what it imports, and a mistake keeps the last good version of it and of its page', async () => {
  const options = ['--input-type=module', '--disable-warning=ExperimentalWarning', '--eval', PROGRAM]
  const place = [join(repositoryRoot, 'tools/local-stack/src'), folder, String(await freePort())]
  const { stdout } = await promisify(execFile)(process.execPath, [...options, ...place])
  const { results, sources } = JSON.parse(stdout)
  const page = (title: string) => `document.title="${title}";`
  expect(results).toEqual({
    first: ['first', page('first')],
    other: ['other', page('first'), ''],
    syntax: ['other', page('first'), expect.stringMatching(/^\S+\/package\/word\.ts:1:27 /)],
    start: ['other', page('first'), 'It cannot start.'],
    page: ['other', page('first'), expect.stringMatching(/page\.ts:1:7 /)],
    fixed: ['other', page('fixed'), ''],
    last: ['last', page('fixed'), ''],
  })
  expect(sources).toEqual(
    expect.arrayContaining(['/example.ts', '/package/word.ts', '/page/index.html', '/page/page.ts']),
  )
})
