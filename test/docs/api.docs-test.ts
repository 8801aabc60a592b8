import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { ImageStatus } from '@darkroom/core'
import { freePorts, type Stack, startStack } from '@darkroom/local-stack'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { codeBlocks } from './code-blocks.ts'

const photograph = fileURLToPath(new URL('../../node_modules/jpeg-exif/test/IMG_0001.JPG', import.meta.url))
const DOCUMENTED_URL = 'http://127.0.0.1:4000'

/** A command from each code block of docs/api.md, in order, and the statuses of the responses that it prints. */
const SHOWN: [command: string, statuses: number[]][] = [
  ['AUTH=', []],
  ["-H 'Content-Type: image/jpeg' --data-binary @photo.jpg", [202]],
  ['-F file=@photo.jpg -F', [202]],
  ['--data-binary @body.json', [202]],
  ['Repr-Digest', [202]],
  ['UPLOAD=', []],
  ['/complete', [204, 202]],
  ['Prefer: wait=10', [200]],
  ['If-None-Match', [304]],
  ['Idempotency-Key', [202, 202]],
  ['/images?limit=2" -H', [200]],
  ['cursor=$CURSOR', [200]],
  ['date=$(date -u +%F)', [200]],
  ['ids=$ID,$ID2', [200]],
  ['-X DELETE', [200]],
  ['/health', [200]],
  ['/ready', [200]],
  ['TOKEN=', [202]],
  ['?uploader=user-4711', [202]],
  ['Content-Type: image/png', [415]],
  ['-X OPTIONS', [204]],
]

let stack: Stack
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'darkroom-'))
  await cp(photograph, join(folder, 'photo.jpg'))
  stack = await startStack({ ports: await freePorts(), dataDir: join(folder, 'data') })
})
afterAll(async () => {
  await stack.stop()
  await rm(folder, { recursive: true })
})

/** Runs the script in one shell as a reader would, but stops at an unset variable. */
async function runScript(script: string): Promise<string> {
  const shell = spawn('bash', ['-euo', 'pipefail', '-c', script], { cwd: folder })
  const [output, errors, [code]] = await Promise.all([
    text(shell.stdout),
    text(shell.stderr),
    once(shell, 'exit'),
  ])
  if (code !== 0) throw new Error(`exit code ${code}: ${errors}\n${output}`)
  return output
}

function statusesIn(output: string): number[] {
  const lines = output.matchAll(/HTTP\/1\.1 (\d{3}) /g)
  return [...lines].map(([, status]) => Number(status)).filter((status) => status >= 200)
}

test('every command of docs/api.md has the documented status', async () => {
  const blocks = await codeBlocks('docs/api.md', 'sh')
  expect(blocks).toEqual(SHOWN.map(([command]) => expect.stringContaining(command)))
  const script = blocks.join("echo '--- next block'\n").replaceAll(DOCUMENTED_URL, stack.endpoints.uploadApi)
  const outputs = (await runScript(script)).split('--- next block\n')
  expect(outputs.map(statusesIn)).toEqual(SHOWN.map(([, statuses]) => statuses))
})

test('the functions of docs/api.md for a page upload an image and wait for it', async () => {
  const blocks = await codeBlocks('docs/api.md', 'js')
  const functions = blocks.filter((block) => /^(async )?function/.test(block)).join('\n')
  const program = `${functions}\nexport { develop }`.replaceAll(DOCUMENTED_URL, stack.endpoints.uploadApi)
  const { develop } = await import(`data:text/javascript,${encodeURIComponent(program)}`)
  const image: ImageStatus = await develop(new File([await readFile(photograph)], 'photo.jpg'))
  expect(image).toMatchObject({ status: 'processed', filename: 'photo.jpg' })
})

test("the README's two commands upload a photograph and return its variants", async () => {
  const blocks = await codeBlocks('README.md', '')
  const script = blocks.filter((block) => block.includes('curl')).join('')
  const output = await runScript(script.replaceAll(DOCUMENTED_URL, stack.endpoints.uploadApi))
  expect(statusesIn(output)).toEqual([202])
  expect(output).toContain('"status":"processed"')
})
