import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { repositoryRoot } from '../repository-root.ts'
import { bundlerInto } from './bundle-services.ts'
import type { Serverless } from './serverless.ts'

let root: string
let kept: string
let folders = 0

/** A minute ago, so before any build. */
async function write(path: string, text: string, seconds = Date.now() / 1000 - 60): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true })
  await writeFile(join(root, path), text)
  await utimes(join(root, path), seconds, seconds)
}

beforeAll(async () => {
  await mkdir(join(repositoryRoot, '.cache'), { recursive: true })
  root = await mkdtemp(join(repositoryRoot, '.cache', 'kept-'))
  kept = join(root, 'kept/build')
  await write(
    'service/say.ts',
    `export { hello as handler } from 'greetings'\nexport * from '../package/word.ts'`,
  )
  await write('package/word.ts', `export const word: string = 'one'`)
  await write('node_modules/greetings/package.json', '{"type": "module"}')
  await write('node_modules/greetings/index.js', `export const hello = () => 'hello', bye = () => 'bye'`)
})
afterAll(() => rm(root, { recursive: true }))

/** As at a start: into a folder of its own. @returns what the bundle says, and whether a build was stored */
async function start(handler = 'say.handler') {
  const before = await stat(kept).catch(() => undefined)
  const outdir = join(root, `bundles-${++folders}`)
  const serviceDir = join(root, 'service')
  const service = { functions: { say: { handler } }, custom: { esbuild: {} } }
  const bundler = bundlerInto(outdir, kept)
  const bundle = () => bundler.bundle([{ serviceDir, service } as unknown as Serverless])
  const [sources] = await bundle()
  const file = join(outdir, 'service/say.mjs')
  const says = () => {
    const program = `const { handler, word } = await import(process.argv[1]); console.log(handler(), word)`
    return execFileSync(process.execPath, ['--input-type=module', '-e', program, file]).toString().trim()
  }
  return { bundle, says, sources, file, isStored: (await stat(kept)).ino !== before?.ino }
}

test('a start takes the build of the last one, as long as nothing that it has read has changed', async () => {
  const first = await start()
  const second = await start()
  expect([first.isStored, second.isStored]).toEqual([true, false])
  await rm(dirname(dirname(first.file)), { recursive: true })
  expect(second.says()).toBe('hello one')
  expect(second.sources).toEqual(first.sources)
  await write('package/word.ts', `export const word: string = 'two'`)
  // An edit after a start from the stored build, with an import that the build has not had.
  await write(
    'service/say.ts',
    `export { bye as handler } from 'greetings'\nexport * from '../package/word.ts'`,
  )
  await second.bundle()
  expect(second.says()).toBe('bye two')
})

test.each([
  ['one of our files', () => write('package/word.ts', `export const word: string = 'three'`), 'bye three'],
  [
    'a dependency',
    () => write('node_modules/greetings/index.js', `export const bye = () => 'adieu'`),
    'adieu three',
  ],
  ['the stored build itself', () => writeFile(kept, 'damaged'), 'adieu three'],
])('a change of %s needs a build', async (_, change, says) => {
  await start()
  await change()
  const changed = await start()
  expect(changed.says()).toBe(says)
  expect(changed.isStored).toBe(true)
})

test('an edit while a build runs needs another one: who knows what the first has read?', async () => {
  await write('package/word.ts', `export const word: string = 'four'`, Date.now() / 1000 + 60)
  await start()
  expect((await start()).isStored).toBe(true)
})

test('a build that cannot be stored is one', async () => {
  await rm(dirname(kept), { recursive: true })
  await writeFile(dirname(kept), 'a file')
  const outdir = join(root, 'bundles-without')
  const service = { functions: { say: { handler: 'say.handler' } }, custom: { esbuild: {} } }
  await bundlerInto(outdir, kept).bundle([
    { serviceDir: join(root, 'service'), service } as unknown as Serverless,
  ])
  expect(await readFile(join(outdir, 'service/say.mjs'), 'utf8')).toContain('word')
})
