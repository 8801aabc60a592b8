/**
 * Prints how long tests took, and how many passed: `node tools/testing/src/summarize-results.ts FILE…`, where each file was
 * written by `pnpm test --json --outputFile=FILE`.
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { formatTable } from '@darkroom/terminal'

const SLOWEST = 15
const root = fileURLToPath(new URL('../../../', import.meta.url))

/** What jest writes, as far as it is read here. */
interface Results {
  numPassedTests: number
  numFailedTests: number
  /** One for each file. Times in milliseconds. */
  testResults: { name: string; startTime: number; endTime: number; assertionResults: unknown[] }[]
}

const results: Results[] = process.argv.slice(2).map((file) => JSON.parse(readFileSync(file, 'utf8')))
const files = results
  .flatMap(({ testResults }) => testResults)
  .map(({ name, startTime, endTime, assertionResults }) => ({
    file: name.replace(root, ''),
    tests: assertionResults.length,
    seconds: (endTime - startTime) / 1000,
  }))
  .toSorted((a, b) => b.seconds - a.seconds)

/** `services/upload-api` of `services/upload-api/src/handler.test.ts`. */
const folderOf = (file: string) => /^(?:apps|packages|services|tools)\/[^/]+|^[^/]+/.exec(file)?.[0] ?? file

const byFolder = Object.groupBy(files, ({ file }) => folderOf(file))
const folders = Object.entries(byFolder).map(([folder, inside = []]) => [
  folder,
  inside.length,
  inside.reduce((sum, { tests }) => sum + tests, 0),
  Math.round(inside.reduce((sum, { seconds }) => sum + seconds, 0)),
])
const slowest = files.slice(0, SLOWEST).map(({ file, seconds }) => [file, Math.round(seconds)])
const sum = (name: 'numPassedTests' | 'numFailedTests') =>
  results.reduce((total, result) => total + result[name], 0)

console.log(formatTable(['folder', 'files', 'tests', 'seconds'], folders))
console.log(`\n${formatTable(['the slowest files', 'seconds'], slowest, 100)}`)
console.log(`\n${sum('numPassedTests')} passed, ${sum('numFailedTests')} failed`)
