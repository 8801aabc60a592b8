import { generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { runCommand } from './testing/run-command.ts'

const REPOSITORY = join(import.meta.dirname, '../../..')
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'darkroom-secrets-'))
  await copyFile(join(REPOSITORY, '.secretlintrc.json'), join(folder, '.secretlintrc.json'))
})
afterAll(() => rm(folder, { recursive: true }))

/** Looks for secrets in one file with the settings of `pnpm check:secrets`. */
async function scan(content: string) {
  const file = join(folder, 'settings.ts')
  await writeFile(file, content)
  const configuration = join(folder, '.secretlintrc.json')
  return runCommand('node', [SECRETLINT, '--secretlintrc', configuration, file], { cwd: REPOSITORY })
}
const SECRETLINT = join(REPOSITORY, 'node_modules/secretlint/bin/secretlint.js')

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
// Put together here, so that the scan of this repository does not find them.
const SECRETS = {
  'an AWS secret access key': `aws_secret_access_key = "${'wJalrXUtnFEMI'}${'K7MDENGbPxRfiCYABCDEFGHIJKL'}"`,
  'a GitHub token': `const token = '${'ghp_'}${'0123456789abcdefABCDEF0123456789abcd'}'`,
  'a private key': `const key = '${privateKey.export({ type: 'pkcs8', format: 'pem' })}'`,
  'a Slack token': `const slack = '${'xoxb-'}123456789012-1234567890123-abcdefghijklmnopqrstuvwx'`,
}

test.each(Object.entries(SECRETS))('%s is found, and not printed', async (_, content) => {
  const { code, output } = await scan(content)
  expect(code).toBe(1)
  expect(output).toMatch(/\d+:\d+ +error/)
  expect(output).not.toContain(content.split(/['"\n]/)[1])
})

test('settings without a secret pass', async () => {
  expect(await scan("const bucket = 'darkroom-local'\n")).toMatchObject({ code: 0 })
})

test('pnpm check looks for secrets in the whole repository', () => {
  const { scripts } = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8'))
  expect(scripts.check).toContain('pnpm run check:secrets')
  expect(scripts['check:secrets']).toBe('secretlint --secretlintignore .gitignore "**/*"')
})
