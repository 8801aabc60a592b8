import { spawn } from 'node:child_process'
import { mkdtemp, readFile } from 'node:fs/promises'
import { availableParallelism, constants, setPriority, tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Preset, type ProblemError, presetFor } from '@darkroom/core'
import { afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { type Developer, developHere } from '../development/develop.ts'
import { sharpEngine } from '../engines/sharp-engine.ts'
import { presetConfiguration } from '../presets/preset-configuration.ts'
import { fourCorners } from '../testing/test-images.ts'
import type { EngineProcessEnded } from './engine-process.ts'
import type { IsolatedDeveloper } from './isolate.ts'

process.env.POWERTOOLS_LOG_LEVEL = 'SILENT'
const { isolate } = await import('./isolate.ts')

const preset: Preset = presetFor(presetConfiguration, 'web-app-1')
const program = new URL('testing/misbehaving-engine.ts', import.meta.url).href
let photograph: Buffer
beforeAll(async () => {
  photograph = await fourCorners(400, 300).jpeg().toBuffer()
})

let running: IsolatedDeveloper | undefined
afterEach(() => running?.stop())
function isolated(limits: { seconds?: number; megabytes?: number } = {}) {
  running = isolate({ name: 'sharp', program, seconds: 60, megabytes: 480, ...limits })
  return running
}

const withOrder = (order: string) => Buffer.concat([photograph, Buffer.from(`#${order} `)])

const STDERR: Record<string, RegExp> = { abort: /JavaScript stack trace/, throw: /nobody catches this/ }

/** The slug and the words of the refusal. While the machine is busy with others it comes again, as from the queue. */
async function refusal(developer: Developer, order: string): Promise<string> {
  try {
    await developer.develop(withOrder(order), preset)
    return 'developed'
  } catch (error) {
    if ((error as EngineProcessEnded).reason === 'starved') return refusal(developer, order)
    return (error as ProblemError).message
  }
}

describe('an engine in a process of its own', () => {
  test('develops as it does in this one', async () => {
    const here = await developHere(sharpEngine).develop(photograph, preset)
    expect(await isolated().develop(photograph, preset)).toEqual(here)
  })

  test('says why an image is refused, with the cause for the log', async () => {
    const scrambled = Buffer.from(photograph).fill(0x11, photograph.indexOf(Buffer.from([0xff, 0xc4])))
    await expect(isolated().develop(scrambled, preset)).rejects.toMatchObject({
      slug: 'corrupt-image',
      cause: { stack: expect.stringContaining('Error') },
    })
  })

  test('is not the fault of an image if it cannot be started', async () => {
    const nothing = isolate({ name: 'sharp', program: `${import.meta.url}.js`, seconds: 60, megabytes: 480 })
    await expect(nothing.develop(photograph, preset)).rejects.toThrow(/did not start: exit code 1/)
  })

  test('knows no credentials', async () => {
    process.env.AWS_SECRET_ACCESS_KEY = 'for the parent only'
    const developer = isolated()
    await developer.develop(photograph, preset)
    expect(await readFile(`/proc/${developer.pid()}/environ`, 'latin1')).not.toContain('AWS_')
  })
})

describe('an image that', () => {
  test.each(['loop', 'wait'])(
    'never comes to an end fails in words (%s)',
    async (misdeed) => {
      const developer = isolated({ seconds: 4 })
      await developer.develop(photograph, preset)
      expect(await refusal(developer, misdeed)).toMatch(/^corrupt-image: .* within 4 seconds/)
      expect((await developer.develop(photograph, preset)).width).toBe(400)
    },
    60_000,
  )

  test.each(['abort', 'segfault', 'exit', 'throw'])(
    'brings the decoder down twice fails in words (%s)',
    async (misdeed) => {
      const developer = isolated()
      await expect(developer.develop(withOrder(misdeed), preset)).rejects.toMatchObject({
        slug: 'corrupt-image',
        detail: expect.stringContaining('crashes the decoder'),
        cause: { reason: 'died', stderr: expect.stringMatching(STDERR[misdeed] ?? /^$/) },
      })
      expect((await developer.develop(photograph, preset)).width).toBe(400)
    },
  )

  test('takes all memory fails in words', async () => {
    const developer = isolated({ megabytes: 300 })
    expect(await refusal(developer, 'eat')).toMatch(/^image-too-large: .* more than 300 MB of memory/)
    expect((await developer.develop(photograph, preset)).width).toBe(400)
  })

  test('meets a decoder that dies once is developed', async () => {
    const file = join(await mkdtemp(join(tmpdir(), 'abort-once-')), 'aborted')
    const original = Buffer.concat([photograph, Buffer.from(`#abortOnce ${file}`)])
    expect((await isolated().develop(original, preset)).width).toBe(400)
  })

  test('is slow because the machine is busy with others is not at fault', async () => {
    const developer = isolated({ seconds: 3 })
    await developer.develop(photograph, preset)
    setPriority(developer.pid() ?? 0, constants.priority.PRIORITY_LOW)
    const others = Array.from({ length: availableParallelism() }, () =>
      spawn(process.execPath, ['-e', 'for (;;);']),
    )
    try {
      await expect(developer.develop(withOrder('loop'), preset)).rejects.toMatchObject({ reason: 'starved' })
    } finally {
      for (const other of others) other.kill('SIGKILL')
    }
    expect((await developer.develop(photograph, preset)).width).toBe(400)
  })

  test('comes when the decoder has died between two images is developed', async () => {
    const developer = isolated()
    await developer.develop(photograph, preset)
    process.kill(developer.pid() ?? 0, 'SIGKILL')
    expect((await developer.develop(photograph, preset)).width).toBe(400)
  })
})
