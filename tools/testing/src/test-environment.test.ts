import { execFile } from 'node:child_process'
import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { isContext } from 'node:vm'
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'

test('the global object is an ordinary one: inside, a contextified one is no context', () => {
  expect(isContext(globalThis)).toBe(true)
})

test('lines with metrics are not printed, others are', async () => {
  const project = await mkdtemp(join(tmpdir(), 'test-environment-'))
  const source = `test('prints', () => {
    for (const line of ['{"_aws":{}}', 'hello']) process.stdout.write(line + '\\n')
  })`
  await writeFile(join(project, 'package.json'), '{}')
  await writeFile(join(project, 'print.test.ts'), source)
  try {
    const runJest = fileURLToPath(new URL('run-jest.ts', import.meta.url))
    const jestOptions = ['--runInBand', '--transform={}']
    const { stdout } = await promisify(execFile)(process.execPath, [runJest, ...jestOptions], {
      cwd: project,
    })
    expect(stdout).toBe('hello\n')
  } finally {
    await rm(project, { recursive: true })
  }
})

describe('a CommonJS file', () => {
  const require = createRequire(import.meta.url)
  let folder: string
  let edits = 0

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'test-environment-'))
  })
  afterAll(() => rm(folder, { recursive: true }))

  /** What the file exports, from a new run of it. */
  async function run(source: string): Promise<Record<string, unknown>> {
    const file = join(folder, 'file.cjs')
    await writeFile(file, source)
    // Jest takes a file with the same time for the same file, and a file system's clock may stand still for milliseconds.
    edits++
    await utimes(file, edits, edits)
    jest.resetModules()
    return require(file)
  }

  test('runs again for each registry of modules, and is compiled once', async () => {
    const source =
      'let calls = 0; exports.next = () => ++calls; exports.id = require("node:util").getCallSites()[0].scriptId'
    const [first, second] = [await run(source), await run(source)]
    expect(second.next).not.toBe(first.next)
    expect(second.id).toBe(first.id)
  })

  test('is compiled again after an edit', async () => {
    expect(await run('exports.text = "before"')).toEqual({ text: 'before' })
    expect(await run('exports.text = "after"')).toEqual({ text: 'after' })
  })

  test('names its lines and columns in errors', async () => {
    const { stack } = await run('exports.stack = new Error("here").stack')
    expect(stack).toContain(`${join(folder, 'file.cjs')}:1:17`)
  })

  test('imports modules when it runs, and names a mistake in its syntax', async () => {
    const { path } = await run('exports.path = import("node:path")')
    await expect(path).resolves.toHaveProperty('join')
    await expect(run('exports.text = "')).rejects.toThrow('Invalid or unexpected token')
  })
})
