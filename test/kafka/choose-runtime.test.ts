import { execFile } from 'node:child_process'
import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from '@jest/globals'

const script = `
  const { chooseRuntime } = await import(${JSON.stringify(new URL('choose-runtime.ts', import.meta.url).href)})
  await chooseRuntime().catch((error) => console.log(error.message))
`

/** The error on a machine that has only these commands, each of which prints a line. */
async function errorWith(commands: Record<string, string>, environment: Record<string, string> = {}) {
  const PATH = mkdtempSync(join(tmpdir(), 'darkroom-path-'))
  for (const [name, line] of Object.entries(commands)) {
    const file = join(PATH, name)
    writeFileSync(file, `#!/bin/sh\necho '${line}'\n`)
    chmodSync(file, 0o755)
  }
  const options = { env: { PATH, ...environment } }
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '--eval', script],
    options,
  )
  return stdout
}

test('without Docker and Java it says what to install', async () => {
  const message = await errorWith({})
  expect(message).toContain('needs Docker, or Java 17 and Maven')
  expect(message).toContain('no running Docker engine, no Java as "java"')
  expect(message).toContain('apt install openjdk-17-jre-headless maven')
})

test('a Java that is too old is named', async () => {
  expect(await errorWith({ java: 'openjdk version "11.0.2" 2019-01-15' })).toContain('Java 11 as "java"')
  expect(await errorWith({ java: 'java version "1.8.0_392"' })).toContain('Java 1 as "java"')
})

test('KAFKA_RUNTIME is named if its runtime is missing', async () => {
  const java = 'openjdk version "21.0.2" 2024-01-16'
  expect(await errorWith({ java }, { KAFKA_RUNTIME: 'docker' })).toContain('KAFKA_RUNTIME=docker is set')
})

test('an image that Docker cannot pull is named, with an alternative', async () => {
  const failing = `'; case "$1" in info) exit 0;; *) echo "no such host"; exit 1;; esac; echo '`
  const message = await errorWith({ docker: failing })
  expect(message).toMatch(
    /could not pull apache\/kafka:4\.[\d.]+\. Set KAFKA_RUNTIME=java to use Java instead/,
  )
  expect(message).toContain('no such host')
})
