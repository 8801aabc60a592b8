import type { VariantSpec } from '@darkroom/core'
import { describe, expect, test } from '@jest/globals'
import sharp, { type Sharp } from 'sharp'
import { develop } from '../development/develop.ts'
import { avifWith, iccColors, monochromeAvif, nclx, peak } from '../testing/avif-colors.ts'
import { COLOR_SPACES, profileOf } from '../testing/wide-gamut.ts'
import { jimpEngine } from './jimp-engine.ts'
import { sharpEngine } from './sharp-engine.ts'

const SIDE = 16
const STORED = [
  [64, 64, 64],
  [192, 192, 192],
  [200, 60, 60],
  [60, 200, 60],
  [60, 60, 200],
] as const
const PRESET = { version: 1, variants: [{ name: 'a', size: 80, format: 'png' } satisfies VariantSpec] }

/** One square for each stored color. */
function squares(): Sharp {
  const data = Buffer.alloc(SIDE * SIDE * STORED.length * 3)
  for (let i = 0; i < data.length; i += 3) data.set(STORED[Math.floor(i / 3 / SIDE) % STORED.length] ?? [], i)
  return sharp(data, { raw: { width: SIDE * STORED.length, height: SIDE, channels: 3 } })
}

async function shown(variant: Buffer | undefined): Promise<number[][]> {
  const { data, info } = await sharp(variant).removeAlpha().raw().toBuffer({ resolveWithObject: true })
  return STORED.map((_, i) => {
    const at = (8 * info.width + i * SIDE + 8) * 3
    return [...data.subarray(at, at + 3)]
  })
}

/** Decoders round differently by 1 of 255, which is more where a color is at the edge of sRGB. */
function expectNear(actual: number[][], expected: readonly (readonly number[])[]) {
  const values = expected.flat()
  const isNear = actual.flat().every((value, i) => Math.abs(value - (values[i] ?? 0)) <= 6)
  expect(isNear ? expected : actual).toEqual(expected)
}

/** What Chromium 156 shows of them for each pair of primaries and transfer. */
const IN_CHROMIUM: [what: string, primaries: number, transfer: number, colors: number[][]][] = [
  ['sRGB', 1, 13, STORED.map((color) => [...color])],
  ['unspecified', 2, 2, STORED.map((color) => [...color])],
  ['video, BT.709', 1, 1, STORED.map((color) => [...color])],
  [
    'BT.601 of 625 lines',
    5,
    6,
    [
      [64, 64, 64],
      [192, 192, 192],
      [204, 60, 60],
      [39, 200, 65],
      [61, 60, 199],
    ],
  ],
  [
    'BT.601 of 525 lines',
    6,
    6,
    [
      [64, 64, 64],
      [192, 192, 192],
      [195, 66, 59],
      [75, 197, 59],
      [64, 66, 201],
    ],
  ],
  [
    'Display P3',
    12,
    13,
    [
      [64, 64, 64],
      [192, 192, 192],
      [217, 42, 52],
      [0, 203, 16],
      [61, 60, 208],
    ],
  ],
  [
    'P3, unspecified transfer',
    12,
    2,
    [
      [64, 64, 64],
      [192, 192, 192],
      [217, 42, 52],
      [0, 203, 16],
      [61, 60, 208],
    ],
  ],
  [
    'DCI P3',
    11,
    13,
    [
      [64, 64, 64],
      [192, 192, 192],
      [212, 42, 53],
      [0, 204, 16],
      [60, 58, 208],
    ],
  ],
  [
    'video, BT.2020',
    9,
    14,
    [
      [64, 64, 64],
      [192, 192, 192],
      [247, 0, 53],
      [0, 211, 0],
      [24, 57, 209],
    ],
  ],
  [
    'film',
    8,
    13,
    [
      [64, 64, 64],
      [192, 192, 192],
      [226, 39, 51],
      [0, 205, 32],
      [59, 53, 207],
    ],
  ],
  [
    'EBU 3213',
    22,
    13,
    [
      [64, 64, 64],
      [192, 192, 192],
      [202, 67, 59],
      [48, 196, 60],
      [61, 71, 200],
    ],
  ],
  [
    'linear light',
    1,
    8,
    [
      [137, 137, 137],
      [225, 225, 225],
      [229, 133, 133],
      [132, 229, 134],
      [134, 133, 229],
    ],
  ],
  [
    'gamma 2.2',
    1,
    4,
    [
      [62, 62, 62],
      [193, 193, 193],
      [201, 57, 57],
      [56, 201, 58],
      [58, 57, 201],
    ],
  ],
  [
    'SMPTE 240M',
    7,
    7,
    [
      [81, 81, 81],
      [199, 199, 199],
      [201, 82, 77],
      [89, 204, 77],
      [81, 82, 207],
    ],
  ],
  [
    'SMPTE 428',
    1,
    17,
    [
      [48, 48, 48],
      [191, 191, 191],
      [200, 44, 44],
      [43, 200, 45],
      [45, 44, 200],
    ],
  ],
]
const PQ = [
  [30, 30, 30],
  [255, 255, 255],
  [255, 0, 0],
  [0, 255, 0],
  [0, 0, 255],
]
const HLG = [
  [43, 43, 43],
  [189, 189, 189],
  [230, 0, 39],
  [0, 208, 0],
  [0, 39, 178],
]

describe.each([sharpEngine, jimpEngine])(
  'an AVIF with code points of colors, by the $name engine',
  (engine) => {
    test.each(IN_CHROMIUM)('is shown as in Chromium: %s', async (_what, primaries, transfer, colors) => {
      const avif = await avifWith(squares(), nclx(primaries, transfer))
      const { variants, warnings } = await develop(engine, avif, PRESET)
      expect(warnings).toEqual([])
      expectNear(await shown(variants[0]?.data), colors)
    })

    test.each([
      ['PQ', 16, PQ],
      ['HLG', 18, HLG],
    ])('is tone-mapped as in Chromium, with a warning: %s', async (_what, transfer, colors) => {
      const avif = await avifWith(squares(), nclx(9, transfer))
      const { variants, warnings } = await develop(engine, avif, PRESET)
      expect(warnings).toEqual(['colors-not-converted'])
      expectNear(await shown(variants[0]?.data), colors)
    })

    test('is brighter if nothing in it is brighter than white', async () => {
      const avif = await avifWith(squares(), nclx(9, 16), peak(203))
      const { variants } = await develop(engine, avif, PRESET)
      expectNear((await shown(variants[0]?.data)).slice(0, 1), [[44, 44, 44]])
    })

    test('has the colors of its profile, if it has one, too', async () => {
      const p3 = iccColors(profileOf(COLOR_SPACES['Display P3']))
      const [, , , , , [, , , ofP3] = []] = IN_CHROMIUM
      for (const properties of [
        [nclx(9, 16), p3],
        [p3, nclx(9, 16)],
      ]) {
        const { variants, warnings } = await develop(engine, await avifWith(squares(), ...properties), PRESET)
        expect(warnings).toEqual([])
        expectNear(await shown(variants[0]?.data), ofP3 ?? [])
      }
    })

    test.each([
      ['full', 0x80, [40, 200]],
      ['video', 0, [28, 214]],
    ])(
      'has the range of its code points, also if the rest is unspecified: %s',
      async (_what, flag, greys) => {
        const grey = monochromeAvif()
        const colored = await avifWith(
          sharp(await sharp(grey).toColourspace('srgb').png().toBuffer()),
          nclx(2, 2, 2),
        )
        for (const avif of [grey, colored]) {
          avif[avif.indexOf('nclx') + 10] = flag
          const { variants } = await develop(engine, avif, PRESET)
          const { data, info } = await sharp(variants[0]?.data)
            .toColourspace('srgb')
            .raw()
            .toBuffer({ resolveWithObject: true })
          expectNear([[data[0] ?? 0, data[(info.width - 1) * info.channels] ?? 0]], [greys])
        }
      },
    )

    test.each([
      ['constant luminance', 10],
      ['ICtCp', 14],
      ['reversible YCgCo', 16],
      ['reserved', 3],
    ])('has a warning if its matrix is unknown: %s', async (_what, matrix) => {
      const avif = await avifWith(squares(), nclx(1, 13, matrix))
      const { variants, warnings } = await develop(engine, avif, PRESET)
      expect(warnings).toEqual(['colors-not-converted'])
      expectNear((await shown(variants[0]?.data)).slice(0, 2), STORED.slice(0, 2))
    })

    test('has a warning if the numbers are unknown', async () => {
      for (const [primaries, transfer] of [
        [99, 13],
        [1, 12],
      ] as const) {
        const { variants, warnings } = await develop(
          engine,
          await avifWith(squares(), nclx(primaries, transfer)),
          PRESET,
        )
        expect(warnings).toEqual(['colors-not-converted'])
        expectNear(await shown(variants[0]?.data), STORED)
      }
    })
  },
)
