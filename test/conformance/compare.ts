/**
 * `pnpm test:conformance [--endpoint URL --name NAME]`: runs the cases against the local server and another emulator, and writes
 * the table in README.md. Without an endpoint it installs ministack into `.cache` (Python 3.10 or later) and starts it.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual, parseArgs } from 'node:util'
import { startLocalAws } from '@darkroom/local-aws'
import { freePort } from '@darkroom/local-stack'
import { allCases } from './all-cases.ts'
import { type ConformanceCase, clientsOf } from './conformance-case.ts'

const MINISTACK = 'ministack==1.5.33'
const START_TIMEOUT_MS = 60_000
const CASE_TIMEOUT_MS = 30_000
const README = join(import.meta.dirname, 'README.md')

const { values: options } = parseArgs({
  options: { endpoint: { type: 'string' }, name: { type: 'string', default: 'other' } },
})

/** What a server answered to each case, in their order. */
async function runAll(endpoint: string): Promise<unknown[]> {
  const aws = clientsOf(endpoint)
  const answers: unknown[] = []
  for (const { call } of allCases) {
    const late = sleep(CASE_TIMEOUT_MS, 'no answer in time', { ref: false })
    answers.push(await Promise.race([call(aws), late]).catch((error: Error) => `error: ${error.message}`))
  }
  return answers
}

async function startMinistack(): Promise<{ endpoint: string; process: ChildProcess }> {
  const venv = join(import.meta.dirname, '../../.cache/ministack')
  const python = join(venv, 'bin', 'python')
  if (!existsSync(join(venv, 'bin', 'ministack'))) {
    run('python3', '-m', 'venv', venv)
    run(python, '-m', 'pip', 'install', '--quiet', MINISTACK)
  }
  const port = await freePort()
  const environment = { ...process.env, GATEWAY_PORT: String(port), MINISTACK_HOST: '127.0.0.1' }
  const child = spawn(join(venv, 'bin', 'ministack'), { env: environment, stdio: 'ignore' })
  const endpoint = `http://127.0.0.1:${port}`
  await untilAnswers(endpoint)
  return { endpoint, process: child }
}

function run(command: string, ...args: string[]): void {
  const { status, stderr } = spawnSync(command, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed: ${stderr}`)
}

async function untilAnswers(endpoint: string): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS
  while (Date.now() < deadline) {
    if (await fetch(endpoint).catch(() => undefined)) return
    await sleep(200)
  }
  throw new Error(`${endpoint} does not answer.`)
}

function tableOf(other: string, local: unknown[], others: unknown[]): string {
  const rows = allCases.flatMap(({ part, name, answer }: ConformanceCase, index) => {
    const answers = [local[index], others[index]]
    if (answers.every((one) => isDeepStrictEqual(one, answer))) return []
    return [
      [
        part,
        name,
        cell(answer),
        ...answers.map((one) => (isDeepStrictEqual(one, answer) ? 'as AWS' : cell(one))),
      ],
    ]
  })
  const count = (answers: unknown[]) =>
    allCases.filter(({ answer }, index) => isDeepStrictEqual(answers[index], answer)).length
  return [
    `${allCases.length} cases; as AWS: local-aws ${count(local)}, ${other} ${count(others)}. The differences:`,
    '',
    `| part | case | AWS | local-aws | ${other} |`,
    '| --- | --- | --- | --- | --- |',
    ...rows.map((row) => `| ${row.join(' | ')} |`),
  ].join('\n')
}

function cell(answer: unknown): string {
  const text = (typeof answer === 'string' ? answer : (JSON.stringify(answer) ?? 'nothing')).replaceAll(
    '\n',
    ' ',
  )
  return `\`${text.replaceAll('|', '\\|').slice(0, 120)}\``
}

const local = await startLocalAws()
const ministack = options.endpoint ? undefined : await startMinistack()
try {
  const [ours, theirs] = [
    await runAll(local.endpoint),
    await runAll(options.endpoint ?? ministack?.endpoint ?? ''),
  ]
  const table = tableOf(options.endpoint ? options.name : MINISTACK.replace('==', ' '), ours, theirs)
  console.log(table)
  const readme = await readFile(README, 'utf8')
  const generated = `<!-- generated -->\n\n${table}\n\n<!-- end -->`
  await writeFile(
    README,
    readme.replace(/<!-- generated -->[\s\S]*<!-- end -->/, () => generated),
  )
} finally {
  ministack?.process.kill()
  await local.stop()
}
