import '../../test/without-log.ts'
import { readFile } from 'node:fs/promises'
import type { Preset } from '@darkroom/core'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { presetOf } from '../presets/presets.ts'
import { fourCorners } from '../testing/test-images.ts'
import { startEngineProcess } from './engine-process.ts'
import { isolate } from './isolate.ts'
import { soundPictures } from './sound-pictures.ts'
import { ATTEMPTS, CONTROLS, type Surroundings } from './testing/attempts.ts'
import { type Outcomes, tableOf, tryAttempts, withSurroundings } from './testing/try-attempts.ts'

describe('code that has taken over an engine process', () => {
  let surroundings: Surroundings
  let end: (() => void) | undefined
  let contained: Outcomes
  beforeAll(async () => {
    surroundings = await new Promise((resolve) => {
      withSurroundings(async (made) => {
        resolve(made)
        await new Promise<void>((done) => {
          end = done
        })
      })
    })
    contained = await tryAttempts(surroundings)
  })
  afterAll(() => end?.())

  test('reaches nothing', () => {
    const succeeded = ATTEMPTS.filter(({ what }) => contained.get(what) === 'succeeds')
    expect(succeeded).toEqual([])
    expect(contained.size).toBeGreaterThan(35)
  })

  test.each(CONTROLS)('reaches exactly what this control refuses, without it: %s', async (control) => {
    const outcomes = await tryAttempts(surroundings, control)
    const succeeded = ATTEMPTS.filter(({ what }) => outcomes.get(what) === 'succeeds')
    expect(succeeded.map(({ what }) => what)).toEqual(
      ATTEMPTS.filter((attempt) => attempt.control === control).map(({ what }) => what),
    )
    expect(succeeded.length).toBeGreaterThan(0)
  })

  test('gets what docs/security.md says', async () => {
    const page = await readFile(new URL('../../../../docs/security.md', import.meta.url), 'utf8')
    const cells = (text: string) =>
      text.split('\n').map((line) => line.replace(/ +\|/g, ' |').replace(/-+/g, '-'))
    expect(cells(page)).toEqual(expect.arrayContaining(cells(tableOf(contained))))
  })
})

describe('a contained engine', () => {
  const preset: Preset = presetOf('web-app-1')
  const watermarked: Preset = {
    version: 1,
    variants: [
      {
        name: 'marked',
        size: 64,
        format: 'jpeg',
        watermark: { file: 'darkroom.png', gravity: 'centre', size: 0.5, opacity: 0.5 },
      },
    ],
  }
  const HEIC = new URL('../../../../packages/image-file/src/testing/heic/upright.heic', import.meta.url)

  /** The same without libheif: isolate.test.ts and process-images-with.test.ts. */
  test.each(['sharp', 'jimp'])('develops every type it accepts: %s, with libheif', async (name) => {
    const originals = new Map<string, Buffer>()
    for (const type of ['jpeg', 'png', 'webp', 'gif', 'avif'] as const)
      originals.set(
        type,
        await fourCorners(120, 80)
          .toFormat(type, type === 'avif' ? { effort: 0 } : {})
          .toBuffer(),
      )
    originals.set('heic', await readFile(HEIC))
    const program = new URL(`../handlers/process-images-with-${name}-and-libheif.engine.ts`, import.meta.url)
      .href
    const engine = startEngineProcess(program)
    try {
      expect(await engine.ready()).toEqual({ contained: true })
      const limits = { milliseconds: 120_000, bytes: 1.5e9 }
      for (const [type, original] of originals) {
        const reply = await engine.ask({ original, preset }, limits)
        expect([type, reply]).toEqual([type, { developed: expect.anything() }])
      }
      const reply = await engine.ask(
        { original: originals.get('jpeg') ?? Buffer.of(), preset: watermarked },
        limits,
      )
      expect(reply).toMatchObject({ developed: { variants: [{ width: 64 }] } })
    } finally {
      engine.stop()
    }
  })
})

describe('where the process cannot be contained', () => {
  const program = new URL('testing/uncontained-engine.ts', import.meta.url).href

  test.each([true, false])(
    'images are developed unless containment is required, and each is counted: %s',
    async (requireContainment) => {
      let counted = 0
      const onNotContained = () => counted++
      const limits = { seconds: 60, megabytes: 480 }
      const developer = isolate({ name: 'sharp', program, ...limits, requireContainment, onNotContained })
      const [original = Buffer.of()] = soundPictures()
      const preset: Preset = { version: 1, variants: [{ name: 'thumb', size: 8, format: 'jpeg' }] }
      for (const images of [1, 2]) {
        const developed = developer.develop(original, preset, 'web-app-1')
        if (requireContainment) await expect(developed).rejects.toThrow('cannot be contained: no seccomp')
        else expect(await developed).toMatchObject({ width: images })
        expect(counted).toBe(images)
      }
      developer.stop()
    },
  )
})
