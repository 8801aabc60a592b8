import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { freePort } from '@darkroom/local-stack'
import { expect, test } from '@jest/globals'
import sharp from 'sharp'

const serverless = createRequire(import.meta.url).resolve('serverless/bin/serverless.js')

test('serverless offline in the folder of upload-api needs no settings', async () => {
  const port = await freePort()
  const child = spawn(process.execPath, [serverless, 'offline', '--httpPort', String(port)], {
    cwd: join(import.meta.dirname, '../services/upload-api'),
    env: {
      ...process.env,
      LOCAL_DIR: mkdtempSync(join(tmpdir(), 'darkroom-alone-')),
      ESBUILD_WORK_FOLDER: `alone-${port}`,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const lines: string[] = []
  await new Promise<void>((resolve, reject) => {
    child.on('exit', () => reject(new Error(lines.join('\n'))))
    for (const input of [child.stdout, child.stderr]) {
      createInterface({ input }).on('line', (line) => {
        lines.push(line)
        if (line.includes('darkroom-upload-api is ready')) resolve()
      })
    }
  })
  expect(lines.join('\n')).toContain(
    'No local stack is running. Started in memory: S3 and SQS at http://127.0.0.1:',
  )
  expect(lines.filter((line) => /warning/i.test(line))).toEqual([])
  const answer = await fetch(`http://localhost:${port}/v1/images`, {
    method: 'POST',
    headers: {
      authorization: 'Bearer dk_test_913e5ec500000001_LocalDevelopmentOnlyNotASecret01f28edb79',
      'content-type': 'image/png',
    },
    body: await sharp({ create: { width: 8, height: 8, channels: 3, background: 'red' } })
      .png()
      .toBuffer(),
  })
  expect(answer.status).toBe(202)
  child.kill('SIGINT')
  await once(child, 'exit')
})
