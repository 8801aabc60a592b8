import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { runCommand } from './testing/run-command.ts'

const REPOSITORY = join(import.meta.dirname, '../../..')
const [, ...audit] = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8')).scripts[
  'check:advisories'
].split(' ')

/** What npm's registry answers about one package: https://docs.npmjs.com/cli/commands/npm-audit#bulk-advisory-endpoint */
const ADVISORY = {
  id: 1,
  url: 'https://github.com/advisories/GHSA-aaaa-bbbb-cccc',
  title: 'Reads beyond the end of a picture',
  vulnerable_versions: '<1.0.1',
  cwe: [],
  cvss: { score: 8, vectorString: '' },
}
const LOCKFILE = `lockfileVersion: '9.0'
importers:
  .:
    dependencies:
      a-decoder:
        specifier: 1.0.0
        version: 1.0.0
packages:
  a-decoder@1.0.0:
    resolution: {integrity: sha512-AAAA}
snapshots:
  a-decoder@1.0.0: {}
`

let npm: Server
let answer: { status: number; advisories: object }
let project: string

beforeAll(async () => {
  npm = createServer((request, response) => {
    request.resume()
    response.writeHead(answer.status, { 'content-type': 'application/json' })
    response.end(JSON.stringify(answer.advisories))
  })
  await new Promise<void>((resolve) => npm.listen(0, '127.0.0.1', resolve))
  project = await mkdtemp(join(tmpdir(), 'darkroom-advisories-'))
  await writeFile(
    join(project, 'package.json'),
    JSON.stringify({ name: 'a-project', dependencies: { 'a-decoder': '1.0.0' } }),
  )
  await writeFile(join(project, 'pnpm-lock.yaml'), LOCKFILE)
})

afterAll(async () => {
  npm.close()
  await rm(project, { recursive: true })
})

/** Runs the command of `pnpm check:advisories` in a project that depends on one package. */
async function check(advisories: object, { status = 200, accepted = '' } = {}) {
  answer = { status, advisories }
  await writeFile(join(project, 'pnpm-workspace.yaml'), `packages: []\n${accepted}`)
  const { port } = npm.address() as AddressInfo
  const env = { PNPM_CONFIG_REGISTRY: `http://127.0.0.1:${port}` }
  return runCommand('pnpm', audit, { cwd: project, env })
}

test('passes without an advisory', async () => {
  expect(await check({})).toMatchObject({ code: 0 })
})

test.each(['moderate', 'high', 'critical'])('fails for a %s advisory, and names it', async (severity) => {
  const { code, output } = await check({ 'a-decoder': [{ ...ADVISORY, severity }] })
  expect(code).toBe(1)
  expect(output).toContain('Reads beyond the end of a picture')
  expect(output).toContain('GHSA-aaaa-bbbb-cccc')
})

test('passes for an advisory that pnpm-workspace.yaml accepts', async () => {
  const accepted = 'auditConfig:\n  ignoreGhsas:\n    - GHSA-aaaa-bbbb-cccc\n'
  expect(await check({ 'a-decoder': [{ ...ADVISORY, severity: 'high' }] }, { accepted })).toMatchObject({
    code: 0,
  })
})

test('does not pass when the registry has no advisories to ask for', async () => {
  const { code, output } = await check({}, { status: 405 })
  expect(code).toBe(1)
  // .ci/run looks for it.
  expect(output).toContain('ERR_PNPM_AUDIT_BAD_RESPONSE')
})
