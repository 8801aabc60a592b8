import { ProblemError, type VariantSpec } from '@darkroom/core'
import { describe, expect, test } from '@jest/globals'
import { developInCascade, type Stages } from './cascade.ts'
import type { Pixels } from './pixels.ts'

const pixels = (width: number, height: number): Pixels => ({
  width,
  height,
  channels: 3,
  data: Buffer.alloc(width * height * 3),
})
const spec = (name: string, size: number, quality = 80): VariantSpec => ({
  name,
  size,
  format: 'jpeg',
  quality,
})

const ORIGINAL = Buffer.alloc(100)

/** Stages that write down the work they are given. */
function recorded(overrides: Partial<Stages> = {}): { stages: Stages; log: string[] } {
  const log: string[] = []
  const stages: Stages = {
    decode: async (_, frame) => {
      log.push(`decode for ${frame({ width: 10_000, height: 5000 }).width}`)
      return { width: 1000, height: 500, pixels: pixels(1000, 500) }
    },
    shrink: async (from, to) => {
      log.push(`shrink ${from.width} to ${to.width}`)
      return pixels(to.width, to.height)
    },
    encode: async (from, { name }) => {
      log.push(`encode ${name} from ${from.width}`)
      return { format: 'jpeg', data: Buffer.from(name) }
    },
    ...overrides,
  }
  return { stages, log }
}

describe('developInCascade', () => {
  test('decodes once and makes each size from the one above it, whatever the order of the preset', async () => {
    const { stages, log } = recorded()
    const specs = [
      spec('tiny', 100),
      spec('huge', 2000),
      spec('as huge', 1500),
      spec('medium', 500),
      spec('better', 500, 90),
    ]
    const { variants, preview } = await developInCascade(stages, ORIGINAL, specs)
    expect(log).toEqual([
      'decode for 2000',
      'encode huge from 1000',
      'shrink 1000 to 500',
      'encode medium from 500',
      'encode better from 500',
      'shrink 500 to 320',
      'shrink 320 to 100',
      'encode tiny from 100',
    ])
    expect(
      variants.map(({ spec, width, height, data }) => [spec.name, width, height, data.toString()]),
    ).toEqual([
      ['tiny', 100, 50, 'tiny'],
      ['huge', 1000, 500, 'huge'],
      ['as huge', 1000, 500, 'huge'],
      ['medium', 500, 250, 'medium'],
      ['better', 500, 250, 'better'],
    ])
    expect([preview.width, preview.height, preview.data.length]).toEqual([320, 160, 320 * 160 * 3])
  })

  test('shares a variant only where nothing that shows differs, in fields of later versions either', async () => {
    const { stages, log } = recorded()
    const sharpened = { ...spec('sharpened', 2000), sharpen: 1 }
    await developInCascade(stages, ORIGINAL, [spec('a', 2000), sharpened, spec('b', 3000)])
    expect(log.filter((line) => line.startsWith('encode'))).toEqual([
      'encode a from 1000',
      'encode sharpened from 1000',
    ])
  })

  test('encodes what is heavier than its original thoroughly, then at lower qualities', async () => {
    const attempts: unknown[] = []
    const { stages } = recorded({
      encode: async (_, { name, quality = 0 }, _kind, thoroughly = false) => {
        attempts.push([name, quality, thoroughly])
        return { format: 'jpeg', data: Buffer.alloc(name === 'light' || quality < 80 ? 90 : 110) }
      },
    })
    const specs = [spec('heavy', 500), spec('light', 400)]
    const { variants } = await developInCascade(stages, ORIGINAL, specs)
    expect(attempts).toEqual([
      ['heavy', 86, false],
      ['heavy', 86, true],
      ['heavy', 78, true],
      ['light', 86, false],
    ])
    expect(variants.map(({ data }) => data.length)).toEqual([90, 90])
  })

  test('decodes large enough for the preview when all variants are smaller', async () => {
    const { stages, log } = recorded()
    await developInCascade(stages, ORIGINAL, [spec('tiny', 64)])
    expect(log).toEqual(['decode for 320', 'shrink 1000 to 320', 'shrink 320 to 64', 'encode tiny from 64'])
  })

  const broken = async () => {
    throw new Error('broken')
  }

  test('what the decoder cannot read is a corrupt image, its cause kept', async () => {
    const { stages } = recorded({ decode: broken })
    await expect(developInCascade(stages, ORIGINAL, [spec('a', 500)])).rejects.toMatchObject({
      slug: 'corrupt-image',
      cause: { message: 'broken' },
    })
  })

  test('a problem that the decoder names itself is passed on', async () => {
    const { stages } = recorded({
      decode: async () => {
        throw new ProblemError('image-too-large', 'Too many pixels.')
      },
    })
    await expect(developInCascade(stages, ORIGINAL, [spec('a', 500)])).rejects.toMatchObject({
      slug: 'image-too-large',
    })
  })

  test.each(['shrink', 'encode'] as const)('a failed %s is not the image’s fault', async (stage) => {
    const { stages } = recorded({ [stage]: broken })
    const developing = developInCascade(stages, ORIGINAL, [spec('a', 500)])
    await expect(developing).rejects.toThrow(/^broken$/)
    await expect(developing).rejects.not.toBeInstanceOf(ProblemError)
  })
})
