import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { callDarkroom } from '../testing/call-darkroom.ts'

// Erasures are in test/whole-stack.test.ts.

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'darkroom-erase-'))
})
afterAll(() => rm(folder, { recursive: true }))

test.each([
  [[], 'Name an image, or an uploader with --app APP --uploader NAME.'],
  [['--uploader', 'anna'], '--uploader needs the app: add --app.'],
  [['--uploader', '', '--app', 'shop'], 'It must be text of 1 to 128 bytes.'],
  [['--uploader', 'é'.repeat(65), '--app', 'shop'], 'It must be text of 1 to 128 bytes.'],
  // With the local stack running, its images would be erased instead.
  [
    ['--uploader', 'anna', '--app', 'shop', '--url', 'https://images.example'],
    'use --stage instead of --url.',
  ],
  [['01a210df-3412-7d31-a7be-da815c6ec4f7', '--stage', 'prod'], 'For one image, use --url.'],
])('erase %j erases nothing, and says what to do', async (args, advice) => {
  const environment = { LOCAL_DIR: folder, DARKROOM_URL: undefined, DARKROOM_KEY: undefined }
  const { code, printed } = await callDarkroom(['erase', ...args, '--yes'], environment)
  expect([code, printed]).toEqual([1, expect.stringContaining(advice)])
})
