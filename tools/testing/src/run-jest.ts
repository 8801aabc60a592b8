/**
 * `pnpm test`: runs jest in the current folder, so only the tests of `packages/core` if started there. It accepts jest's
 * options, and `--changed`: only tests that depend on files that differ from main.
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const options = process.argv.slice(2).map((option) => (option === '--changed' ? changedSinceMain() : option))
const { status } = spawnSync(
  process.execPath,
  [
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    `${root}node_modules/jest/bin/jest.js`,
    `--config=${root}jest.config.js`,
    `--rootDir=${process.cwd()}`,
    ...options,
  ],
  {
    stdio: 'inherit',
    env: {
      ...process.env,
      // Processes that tests start load their modules as they were compiled before. The local stack uses the same cache.
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? `${root}node_modules/.cache/compiled`,
    },
  },
)
process.exitCode = status ?? 1

function changedSinceMain(): string {
  const branch = ['main', 'origin/main'].find(
    (name) => spawnSync('git', ['rev-parse', '--verify', '--quiet', name]).status === 0,
  )
  if (!branch) throw new Error('--changed compares with main or origin/main, and this clone has neither.')
  return `--changedSince=${branch}`
}
