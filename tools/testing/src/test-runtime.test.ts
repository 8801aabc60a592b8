import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from '@jest/globals'

const RUN_JEST = fileURLToPath(new URL('run-jest.ts', import.meta.url))

/** How often the modules of a package and of the project were loaded when a test file ran. */
const COUNTER = 'let files = 0\nexport const count = () => ++files\n'
const COMMON_COUNTER = 'let files = 0\nexports.count = () => ++files\n'
const TEST = `
import { appendFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { expect, test } from '@jest/globals'
import { count } from 'es-package'
import { count as countCommon } from 'common-package'
import { count as countOwn } from './own.js'

test('the file before left nothing', () => {
  const { count: countRequired } = createRequire(import.meta.url)('common-package')
  expect(countRequired).toBe(countCommon)
  expect([typeof fetch, globalThis.left, process.env.LEFT]).toEqual(['function', undefined, undefined])
  delete globalThis.fetch
  globalThis.left = true
  process.env.LEFT = 'true'
  appendFileSync(new URL('counts', import.meta.url), [count(), countCommon(), countOwn()].join() + ' ')
})
`

let project: string
beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'test-runtime-'))
  const files = {
    'package.json': '{ "type": "module" }',
    'own.js': COUNTER,
    'one.test.ts': TEST,
    'two.test.ts': TEST,
    'node_modules/es-package/package.json': '{ "type": "module", "main": "index.js" }',
    'node_modules/es-package/index.js': COUNTER,
    'node_modules/common-package/package.json': '{ "main": "index.js" }',
    'node_modules/common-package/index.js': COMMON_COUNTER,
  }
  for (const folder of ['es-package', 'common-package']) {
    await mkdir(join(project, 'node_modules', folder), { recursive: true })
  }
  for (const [name, text] of Object.entries(files)) await writeFile(join(project, name), text)
})
afterAll(() => rm(project, { recursive: true }))

test('the files of a worker share packages, but no other modules, globals or environment', async () => {
  await promisify(execFile)(process.execPath, [RUN_JEST, '--runInBand', '--transform={}'], { cwd: project })
  expect(await readFile(join(project, 'counts'), 'utf8')).toBe('1,1,1 2,2,1 ')
})
