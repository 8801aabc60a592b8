import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { freePorts, type Stack, startStack } from '@darkroom/local-stack'
import { openBrowser } from '@darkroom/testing'
import { afterAll, beforeAll, expect, test } from '@jest/globals'

const REDOCLY = '@redocly/cli@2.77.0'
const SPECTRAL = '@stoplight/spectral-cli@6.16.3'
const inRepository = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url))
const schemathesis = inRepository('.cache/guides/bin/schemathesis')
const photograph = inRepository('node_modules/jpeg-exif/test/IMG_0001.JPG')

let folder: string
let stack: Stack
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'darkroom-'))
  stack = await startStack({ ports: await freePorts(), services: ['upload-api', 'image-processor'] })
  const answer = await fetch(`${stack.endpoints.uploadApi}/v1/openapi.json`)
  await writeFile(join(folder, 'openapi.json'), await answer.text())
})
afterAll(async () => {
  await stack.stop()
  await rm(folder, { recursive: true })
})

/** Runs a program; its output, whatever its exit code. */
async function run(program: string, args: string[]): Promise<{ code: number; output: string }> {
  try {
    const { stdout, stderr } = await promisify(execFile)(program, args, { cwd: folder, maxBuffer: 1e8 })
    return { code: 0, output: stdout + stderr }
  } catch (error) {
    const { code, stdout = '', stderr = '' } = error as { code: number; stdout?: string; stderr?: string }
    return { code, output: stdout + stderr }
  }
}

/** Prints the line of a tool's output that has its result. */
function report(output: string, line: RegExp): void {
  process.stdout.write(`${line.exec(output)?.[0] ?? output}\n`)
}

test('Redocly has nothing to complain about', async () => {
  const { code, output } = await run('npx', ['-y', REDOCLY, 'lint', 'openapi.json'])
  report(output, /.*(is valid|problems?\b.*)/)
  expect([code, /\d+ (error|warning)s?/.exec(output)?.[0], output]).toEqual([
    0,
    undefined,
    expect.any(String),
  ])
})

test('Spectral has nothing to complain about', async () => {
  await writeFile(join(folder, '.spectral.yaml'), 'extends: ["spectral:oas"]\n')
  const { code, output } = await run('npx', ['-y', SPECTRAL, 'lint', 'openapi.json', '--fail-severity=hint'])
  report(output, /No results.*|.*problems?.*/)
  expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining('No results') })
})

// Written exceptions are in schemathesis.toml. `.ci/run` installs it where there is Python.
const ifSchemathesis = existsSync(schemathesis) ? test : test.skip
ifSchemathesis('schemathesis finds no answer that differs from the document', async () => {
  const { apiKey } = stack.endpoints.apps['web-app-1'] ?? {}
  const { code, output } = await run(schemathesis, [
    ...['--config-file', inRepository('test/docs/schemathesis.toml')],
    ...['run', `${stack.endpoints.uploadApi}/v1/openapi.json`, '-H', `Authorization: Bearer ${apiKey}`],
    ...[
      '--phases',
      'coverage,fuzzing',
      '--max-time',
      '45',
      '--max-examples',
      '10',
      '--seed',
      '1',
      '--no-color',
    ],
  ])
  report(output, /\d+ generated.*/)
  const failures = /=+ FAILURES =+[\s\S]*?(?==+ (WARNINGS|SUMMARY))/.exec(output)?.[0]
  expect({ code, failures }).toEqual({ code: 0, failures: undefined })
})

test('the page at /docs sends a form with a photograph, with the key of the local stack', async () => {
  const browser = await openBrowser()
  try {
    const page = await browser.newPage()
    const foreign: string[] = []
    page.on('request', (request) => {
      if (!request.url().startsWith(stack.endpoints.uploadApi) && !request.url().startsWith('data:'))
        foreign.push(request.url())
    })
    await page.goto(`${stack.endpoints.uploadApi}/docs`)
    await page.locator('#operations-Images-uploadImage .opblock-summary-control').click()
    const operation = page.locator('#operations-Images-uploadImage')
    await operation.locator('.body-param-content-type select').selectOption('multipart/form-data')
    await operation.locator('input[type=file]').setInputFiles(photograph)
    await operation.getByRole('button', { name: 'Execute' }).click()
    await operation.locator('.live-responses-table .response-col_status', { hasText: '202' }).waitFor()
    expect(await operation.locator('.live-responses-table').textContent()).toContain(
      '"contentType": "image/jpeg"',
    )
    expect(foreign).toEqual([])
  } finally {
    await browser.close()
  }
})
