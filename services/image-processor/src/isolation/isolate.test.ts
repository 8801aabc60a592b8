import '../../test/without-log.ts'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Preset } from '@darkroom/core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import sharp from 'sharp'
import { type Developer, developHere } from '../development/develop.ts'
import { EngineDeath } from '../development/engine-death.ts'
import { sharpEngine } from '../engines/sharp-engine.ts'
import { presetOf } from '../presets/presets.ts'
import { fourCorners } from '../testing/test-images.ts'
import { type IsolatedDeveloper, type Isolation, isolate } from './isolate.ts'
import { privateMemory, watchProcessorTime } from './process-usage.ts'
import { soundPictures } from './sound-pictures.ts'

const preset: Preset = { version: 1, variants: [{ name: 'thumb', size: 8, format: 'jpeg' }] }
const program = new URL('testing/bare-engine.ts', import.meta.url).href
/** As an engine is loaded and contained. */
const contained = new URL('testing/misbehaving-engine.ts', import.meta.url).href
const [picture = Buffer.of()] = soundPictures()

let running: IsolatedDeveloper | undefined
afterEach(() => running?.stop())
function isolated(limits: Partial<Isolation> = {}, served = program) {
  running = isolate({ name: 'sharp', program: served, seconds: 60, megabytes: 480, ...limits })
  return running
}

/** Not one that has ended, and that nobody has waited for yet. */
async function isRunning(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => undefined)
  return status !== undefined && !/\) Z /.test(status)
}

const withOrder = (order: string) => Buffer.concat([picture, Buffer.from(`#${order} `)])

const STDERR: Record<string, RegExp> = { abort: /JavaScript stack trace/, throw: /nobody catches this/ }

/** What an image that was asked to misbehave is told. While the machine is busy with others, it is tried again. */
async function blame(developer: Developer, order: string): Promise<string> {
  const error: Error = await developer.develop(withOrder(order), preset, 'web-app-1').then(
    () => new Error('developed'),
    (reason) => reason,
  )
  if (error instanceof EngineDeath) return error.message
  return 'reason' in error && error.reason === 'stalled' ? blame(developer, order) : String(error)
}

describe('the sharp engine in a process of its own', () => {
  const own = presetOf('web-app-1')
  let photograph: Buffer
  let real: IsolatedDeveloper
  beforeAll(async () => {
    const served = new URL('../handlers/process-images-with-sharp.engine.ts', import.meta.url).href
    real = isolate({ name: 'sharp', program: served, seconds: 60, megabytes: 480 })
    photograph = await fourCorners(400, 300).jpeg().toBuffer()
  })
  afterAll(() => real.stop())

  test('develops as it does in this one', async () => {
    const here = await developHere(sharpEngine).develop(photograph, own, 'web-app-1')
    const { variants, ...facts } = await real.develop(photograph, own, 'web-app-1')
    expect(here).toMatchObject({ ...facts, variants })
    expect(variants).toHaveLength(own.variants.length)
  })

  test.each(['png', 'jpeg'] as const)('gives the original, a %s, as a WebP variant', async (kept) => {
    const data = Buffer.alloc(128 * 96 * 4)
    for (let y = 0; y < 96; y++)
      for (let x = 0; x < 128; x++) data.set([x, y, 2 * y, kept === 'png' ? 2 * x : 255], (y * 128 + x) * 4)
    const gradient = sharp(data, { raw: { width: 128, height: 96, channels: 4 } })
    const originals = {
      png: () => gradient.png({ compressionLevel: 9, adaptiveFiltering: true }),
      jpeg: () => gradient.jpeg({ quality: 70 }),
    }
    const original = await originals[kept]().toBuffer()
    const variants: Preset['variants'] = [{ name: 'large', size: 2048, format: 'webp', quality: 95 }]
    const developed = await real.develop(original, { version: 1, variants }, 'web-app-1')
    expect(developed.variants.map(({ format }) => format)).toEqual([kept])
  })

  test('says why an image is refused, with the cause for the log', async () => {
    const scrambled = Buffer.from(photograph).fill(0x11, photograph.indexOf(Buffer.from([0xff, 0xc4])))
    await expect(real.develop(scrambled, own, 'web-app-1')).rejects.toMatchObject({
      slug: 'corrupt-image',
      cause: { stack: expect.stringContaining('Error') },
    })
  })
})

describe('an engine in a process of its own', () => {
  test('is not the fault of an image if it cannot be started', async () => {
    const nothing = isolate({ name: 'sharp', program: `${import.meta.url}.js`, seconds: 60, megabytes: 480 })
    await expect(nothing.develop(picture, preset, 'web-app-1')).rejects.toThrow(/did not start: exit code 1/)
  })

  test('that is not ready in time goes on starting for the next image', async () => {
    // No process starts in a millisecond.
    const developer = isolated({ startMilliseconds: 1 })
    const pid = developer.pid()
    const develop = () => developer.develop(picture, preset, 'web-app-1')
    await expect(develop()).rejects.toThrow("the engine's process did not start within 1 ms; it goes on")
    while (!(await develop().catch(() => undefined)));
    expect(developer.pid()).toBe(pid)
  })

  test('ends with the process that started it, also if that is killed and it is paused', async () => {
    const parent = spawn(process.execPath, [
      fileURLToPath(new URL('testing/abandon-engine.ts', import.meta.url)),
    ])
    const [pid] = await once(parent.stdout, 'data')
    expect(await isRunning(Number(pid))).toBe(true)
    parent.kill('SIGKILL')
    while (await isRunning(Number(pid))) await setTimeout(20)
  })

  test('keeps its modules compiled where NODE_COMPILE_CACHE says', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'compiled-'))
    const { NODE_COMPILE_CACHE = '' } = process.env
    process.env.NODE_COMPILE_CACHE = folder
    try {
      await isolated({}, contained).develop(picture, preset, 'web-app-1')
    } finally {
      process.env.NODE_COMPILE_CACHE = NODE_COMPILE_CACHE
    }
    expect((await readdir(folder, { recursive: true })).length).toBeGreaterThan(10)
    await rm(folder, { recursive: true })
  })

  test('knows no credentials', async () => {
    process.env.AWS_SECRET_ACCESS_KEY = 'for the parent only'
    const developer = isolated()
    await developer.develop(picture, preset, 'web-app-1')
    expect(await readFile(`/proc/${developer.pid()}/environ`, 'latin1')).not.toContain('AWS_')
  })
})

describe('the images of another app', () => {
  const seen = (developer: Developer, app: string) =>
    developer.develop(picture, preset, app).then(({ width }) => width)

  test.each([0, 600])(
    'are in another process, whether %i MB of processes are kept',
    async (pausedMegabytes) => {
      const developer = isolated({ pausedMegabytes })
      await developer.develop(picture, preset, 'web-app-1')
      expect(await seen(developer, 'web-app-1')).toBe(2)
      expect(await seen(developer, 'web-app-2')).toBe(1)
      expect(await seen(developer, 'web-app-1')).toBe(pausedMegabytes === 0 ? 1 : 3)
      expect(await seen(developer, 'web-app-3')).toBe(1)
      expect(await seen(developer, 'web-app-2')).toBe(pausedMegabytes === 0 ? 1 : 2)
    },
  )

  test('find so many processes paused as fit into the memory for them', async () => {
    const first = isolated()
    await first.develop(picture, preset, 'app-0')
    const pausedMegabytes = ((privateMemory(first.pid() ?? 0) ?? 0) / 1e6) * 2.5
    first.stop()
    const developer = isolated({ pausedMegabytes })
    const pids = new Set<number>()
    let mostPaused = 0
    for (let n = 0; n < 6; n++) {
      await developer.develop(picture, preset, `app-${n}`)
      const pid = developer.pid() ?? 0
      const paused = [...pids].map((one) => privateMemory(one) ?? 0).filter((bytes) => bytes > 0)
      expect(paused.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThanOrEqual(pausedMegabytes * 1e6)
      mostPaused = Math.max(mostPaused, paused.length)
      pids.add(pid)
    }
    expect(pids.size).toBe(6)
    expect(mostPaused).toBeGreaterThan(1)
    expect(mostPaused).toBeLessThan(5)
  })

  test('are developed while the process of the first one is paused', async () => {
    const developer = isolated({ pausedMegabytes: 600 })
    await developer.develop(picture, preset, 'web-app-1')
    const first = developer.pid()
    await developer.develop(picture, preset, 'web-app-2')
    expect(await readFile(`/proc/${first}/status`, 'utf8')).toMatch(/^State:\tT/m)
    await developer.develop(picture, preset, 'web-app-1')
    expect(developer.pid()).toBe(first)
  })
})

describe('an image that', () => {
  test('never comes to an end is blamed in words', async () => {
    const developer = isolated({ seconds: 2, minRunningShare: 0 })
    await developer.develop(picture, preset, 'web-app-1')
    expect(await blame(developer, 'hang')).toMatch(/^corrupt-image: .* within 2 seconds/)
    await developer.develop(picture, preset, 'web-app-1')
  })

  test.each(['abort', 'segfault', 'exit', 'throw'])(
    'brings the decoder down is blamed in words (%s)',
    async (misdeed) => {
      const developer = isolated({}, misdeed === 'abort' ? contained : program)
      const error = await developer.develop(withOrder(misdeed), preset, 'web-app-1').catch((reason) => reason)
      expect(error).toBeInstanceOf(EngineDeath)
      expect(error.problem).toMatchObject({
        slug: 'corrupt-image',
        detail: expect.stringContaining('crashes the decoder'),
        cause: { reason: 'died', stderr: expect.stringMatching(STDERR[misdeed] ?? /^$/) },
      })
      await developer.develop(picture, preset, 'web-app-1')
    },
  )

  test('takes all memory is blamed in words', async () => {
    const developer = isolated({ megabytes: 150 })
    expect(await blame(developer, 'eat')).toMatch(/^image-too-large: .* more than 150 MB of memory/)
    await developer.develop(picture, preset, 'web-app-1')
  })

  test('meets an engine that crashes at every image is not blamed', async () => {
    const broken = isolated({}, new URL('testing/broken-engine.ts', import.meta.url).href)
    await expect(broken.develop(picture, preset, 'web-app-1')).rejects.toMatchObject({ reason: 'died' })
  })

  test('meets an engine that is stopped is not blamed', async () => {
    const developer = isolated({ seconds: 2 })
    await developer.develop(picture, preset, 'web-app-1')
    process.kill(developer.pid() ?? 0, 'SIGSTOP')
    await expect(developer.develop(picture, preset, 'web-app-1')).rejects.toMatchObject({
      reason: 'stalled',
    })
    await developer.develop(picture, preset, 'web-app-1')
  })

  test('meets an engine that is killed is developed by the next one', async () => {
    const developer = isolated()
    await developer.develop(picture, preset, 'web-app-1')
    const before = developer.pid()
    await developer.develop(withOrder('killUsed'), preset, 'web-app-1')
    expect(developer.pid()).not.toBe(before)
  })

  test('is slow because the machine is busy with others is not at fault', async () => {
    const developer = isolated({ seconds: 2 })
    await developer.develop(picture, preset, 'web-app-1')
    const pid = developer.pid() ?? 0
    const ranMs = watchProcessorTime(pid)
    const slow = developer.develop(withOrder('loop'), preset, 'web-app-1')
    const outcome = expect(slow).rejects.toMatchObject({ reason: 'stalled' })
    while ((ranMs() ?? 0) < 10) await setTimeout(5)
    // As if others had the processor from here on.
    process.kill(pid, 'SIGSTOP')
    await outcome
    await developer.develop(picture, preset, 'web-app-1')
  })

  test('comes when the decoder has died between two images is developed', async () => {
    const developer = isolated()
    await developer.develop(picture, preset, 'web-app-1')
    process.kill(developer.pid() ?? 0, 'SIGKILL')
    await developer.develop(picture, preset, 'web-app-1')
  })
})
