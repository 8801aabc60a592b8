import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from '@jest/globals'
import { launchersOf } from './launchers.ts'

test.each([
  [[], ['zsh']],
  [[], ['sh -c node dev.ts & wait']],
  [[1], ['node /usr/lib/pnpm dev']],
  [
    [1, 2],
    ["sh -c trap '' INT; node dev.ts", '/opt/pnpm dev', 'bash --login'],
  ],
  [
    [1, 2, 3, 4],
    ['sh -c node dev.ts', 'node /x/pnpm.mjs dev', 'sh -c pnpm dev', 'npm exec pnpm@12 dev', 'zsh'],
  ],
  [[1], ['pnpm dev', 'bash -c /opt/pnpm dev & sleep 1', 'node runner']],
])('launchers %j are above a process with the ancestors %j', (launchers, ancestors) => {
  const rows = ['node dev.ts', ...ancestors].map((command, id) => [id, { parent: id + 1, command }] as const)
  expect(launchersOf(0, new Map(rows))).toEqual(launchers)
})

test('a process learns that pnpm, which has started it, was killed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'launchers-'))
  const module = pathToFileURL(join(import.meta.dirname, 'launchers.ts')).href
  await writeFile(
    join(folder, 'started.mjs'),
    `import { whenLauncherEnds } from ${JSON.stringify(module)}
await whenLauncherEnds(() => { console.log('ended'); process.exit() })
setInterval(() => {}, 1000)
console.log('started')`,
  )
  // Not `exec`: it stays above the process.
  await writeFile(join(folder, 'pnpm'), `"${process.execPath}" "${join(folder, 'started.mjs')}"\nexit`)
  const pnpm = spawn('sh', [join(folder, 'pnpm')], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(pnpm.stdout, 'data')
  pnpm.kill('SIGKILL')
  expect(String(await once(pnpm.stdout, 'data'))).toBe('ended\n')
  await rm(folder, { recursive: true })
})
