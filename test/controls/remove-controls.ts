/**
 * Removes each control of controls.ts in turn, runs the test that attacks it, and prints what failed: `pnpm controls [NAME]`, some
 * minutes. Files are not changed: the tests' transformer leaves the control out. Fails if a test passes without its control.
 */
import { spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { formatTable, scriptOptions } from '@darkroom/terminal'
import { CONTROLS, type Control } from './controls.ts'

const root = join(import.meta.dirname, '../..')

interface Result {
  numFailedTests: number
  numTotalTests: number
}

/** The results of the test of a control, without the control. */
async function attack(control: Control, folder: string): Promise<Result> {
  const outputFile = join(folder, 'results.json')
  const without = { ...control, file: join(root, control.file) }
  spawnSync(
    process.execPath,
    [
      '--experimental-vm-modules',
      '--disable-warning=ExperimentalWarning',
      join(root, 'node_modules/jest/bin/jest.js'),
      `--config=${join(import.meta.dirname, 'jest.config.js')}`,
      '--runTestsByPath',
      join(root, control.test),
      '--json',
      `--outputFile=${outputFile}`,
    ],
    { stdio: 'ignore', env: { ...process.env, WITHOUT_CONTROL: JSON.stringify(without) } },
  )
  return JSON.parse(await readFile(outputFile, 'utf8'))
}

const [wanted = ''] = scriptOptions(import.meta.filename, { allowPositionals: true }).positionals
const folder = await mkdtemp(join(tmpdir(), 'darkroom-controls-'))
const rows: string[][] = []
for (const control of CONTROLS.filter(({ name }) => name.includes(wanted))) {
  const { numFailedTests, numTotalTests } = await attack(control, folder)
  rows.push([control.name, `${numFailedTests} of ${numTotalTests}`, control.test.split('/').at(-1) ?? ''])
  console.error(rows.at(-1)?.join(': '))
  if (numFailedTests === 0 || numFailedTests === numTotalTests) process.exitCode = 1
}
await rm(folder, { recursive: true })
console.log(formatTable(['without this control', 'fail', 'of the tests in'], rows))
