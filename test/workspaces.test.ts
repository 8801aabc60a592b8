import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from '@jest/globals'
import { parse } from 'yaml'

const root = fileURLToPath(new URL('../', import.meta.url))
const { packages } = parse(readFileSync(`${root}pnpm-workspace.yaml`, 'utf8')) as { packages: string[] }
const manifests = globSync(
  packages.map((pattern) => `${pattern}/package.json`),
  { cwd: root },
)

test.each(manifests)('%s runs its own tests with `pnpm test`, and has some if it has code', (manifest) => {
  const { scripts } = JSON.parse(readFileSync(root + manifest, 'utf8'))
  expect(scripts?.test).toBe('node ../../tools/testing/src/run-jest.ts')
  const folder = manifest.replace('/package.json', '')
  const inSource = (name: string) => !['node_modules', '.esbuild', '.local'].includes(name)
  const source = globSync('**/*.ts', { cwd: root + folder, exclude: (name) => !inSource(String(name)) })
  const tests = source.filter((name) => name.endsWith('.test.ts'))
  // A package with only CSS has no tests; jest says so and fails.
  if (source.length > 0) expect(tests.length).toBeGreaterThan(0)
})
