/**
 * `pnpm test:conformance [--endpoint URL --name NAME]`: runs the cases against the local server and another emulator, and writes
 * the table in README.md. Without an endpoint it starts ministack, which test/deploy/README.md installs.
 */

import { execFileSync } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { startLocalAws } from '@darkroom/local-aws'
import { scriptOptions } from '@darkroom/terminal'
import { startEmulator } from '../deploy/start-emulator.ts'
import { allCases } from './all-cases.ts'
import { type AwsClients, type ConformanceCase, clientsOf } from './conformance-case.ts'

const CASE_TIMEOUT_MS = 30_000
const README = join(import.meta.dirname, 'README.md')

const { values: options } = scriptOptions(import.meta.filename, {
  options: { endpoint: { type: 'string' }, name: { type: 'string', default: 'ministack' } },
})

/** What a server answers to each case, in their order. */
async function runAll(aws: AwsClients): Promise<unknown[]> {
  const answers: unknown[] = []
  for (const { call } of allCases) {
    const late = sleep(CASE_TIMEOUT_MS, 'no answer in time', { ref: false })
    answers.push(await Promise.race([call(aws), late]).catch((error: Error) => `error: ${error.message}`))
  }
  return answers
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
const emulator = options.endpoint ? undefined : await startEmulator()
try {
  const ours = await runAll(clientsOf(local.endpoint))
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } =
    emulator?.environment ?? process.env
  const credentials = accessKeyId && secretAccessKey ? { accessKeyId, secretAccessKey } : undefined
  const theirs = await runAll(clientsOf(options.endpoint ?? emulator?.endpoint ?? '', credentials))
  const table = tableOf(options.name, ours, theirs)
  console.log(table)
  const readme = await readFile(README, 'utf8')
  const generated = `<!-- generated -->\n\n${table}\n\n<!-- end -->`
  await writeFile(
    README,
    readme.replace(/<!-- generated -->[\s\S]*<!-- end -->/, () => generated),
  )
  execFileSync('biome', ['format', '--write', README], { stdio: 'inherit' })
} finally {
  await emulator?.stop()
  await local.stop()
}
