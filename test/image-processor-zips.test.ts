import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { readConfiguration } from '@darkroom/app-configuration'
import { configurationFile } from '@darkroom/app-configuration/testing'
import { lifecycleRules } from '@darkroom/retention'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import sharp from 'sharp'
import { startEngineProcess } from '../services/image-processor/src/isolation/engine-process.ts'
import { presetOf } from '../services/image-processor/src/presets/presets.ts'
import { packageService, type ServicePackage } from './package-service.ts'

const MEGABYTE = 1024 * 1024
const HEIC = new URL('../packages/image-file/src/testing/heic/upright.heic', import.meta.url)
/** The size of that picture. */
const SIZE = { width: 96, height: 64 }

/** The retention of one deployment. */
const retentionDays = { ...readConfiguration().retentionDays, input: 60 }
const apps = { 'web-app-2': { retentionDays: { input: 14 } } }

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zips-'))
})
afterAll(() => rm(folder, { recursive: true }))

/** Of the binaries in the zips. A process is contained where they fit. The zip with sharp is in `templates.test.ts`. */
const ARCHITECTURES = { jimp: 'arm64', 'jimp and libheif': 'x64' }

/** The settings of a deployment: environment and parameters. */
const SETTINGS = {
  jimp: () => [{ IMAGE_ENGINE: 'jimp', APPS_FILE: configurationFile({ retentionDays, apps }) }, {}],
  'jimp and libheif': () => [{ IMAGE_ENGINE: 'jimp', HEIC_DECODER: 'libheif' }, { architecture: 'x86_64' }],
} satisfies Record<string, () => [environment: Record<string, string>, params: Record<string, string>]>
type Engine = keyof typeof SETTINGS

const packages = new Map<Engine, ServicePackage>()
let refusal: string
beforeAll(async () => {
  const packaged = (Object.keys(SETTINGS) as Engine[]).map(async (engine) => {
    const [environment, params] = SETTINGS[engine]()
    packages.set(engine, await packageService('image-processor', environment, params))
  })
  const invalid = { retentionDays, apps: { 'web-app-2': { retentionDays: { input: 61 } } } }
  const APPS_FILE = configurationFile(invalid)
  await packageService('image-processor', { APPS_FILE }).catch(({ message }) => {
    refusal = message
  })
  await Promise.all(packaged)
}, 900_000)

function packageWith(engine: Engine): ServicePackage {
  const made = packages.get(engine)
  if (!made) throw new Error(`image-processor with ${engine} was not packaged`)
  return made
}

const files = (engine: Engine) => packageWith(engine).archives.processImages?.files ?? []
const matching = (engine: Engine, pattern: RegExp) => files(engine).filter((file) => pattern.test(file))
const bytes = (engine: Engine) => packageWith(engine).archives.processImages?.bytes ?? Infinity

describe("the image processor's zip", () => {
  test('with jimp has WebAssembly, the watermarks for presets and nothing native but koffi', () => {
    expect(matching('jimp', /sharp|@img/)).toEqual([])
    expect(matching('jimp', /\.(node|so[.\d]*)$/)).toEqual([
      'node_modules/@koromix/koffi-linux-arm64/linux_arm64/koffi.node',
    ])
    expect(matching('jimp and libheif', /\.(node|so[.\d]*)$/)).toEqual([
      'node_modules/@koromix/koffi-linux-x64/linux_x64/koffi.node',
    ])
    expect(matching('jimp', /koffi\/LICENSE/)).toHaveLength(1)
    const codecs = matching('jimp', /\.wasm$/).map((file) => file.split('/').at(-1))
    expect(codecs).toEqual(
      expect.arrayContaining(['avif_dec.wasm', 'mozjpeg_dec.wasm', 'webp_dec.wasm', 'webp_enc.wasm']),
    )
    expect(matching('jimp', /^watermarks\//)).toEqual(['watermarks/darkroom.png'])
    expect(bytes('jimp')).toBeLessThan(15 * MEGABYTE)
  })

  test('has a decoder for HEIC only if it is configured, in one build and with its licence', () => {
    expect(matching('jimp', /heif|heic/i)).toEqual([])
    expect(matching('jimp and libheif', /libheif-js\/.*(heif.*\.m?js|\.wasm|LICENSE)$/).sort()).toEqual([
      'node_modules/libheif-js/LICENSE',
      'node_modules/libheif-js/libheif-wasm/LICENSE',
      'node_modules/libheif-js/libheif-wasm/libheif.js',
      'node_modules/libheif-js/libheif-wasm/libheif.wasm',
      'node_modules/libheif-js/libheif/LICENSE',
    ])
    expect(bytes('jimp and libheif') - bytes('jimp')).toBeLessThan(MEGABYTE)
  })

  test('and its functions have the same HEIC decoder', () => {
    const { resources } = packageWith('jimp and libheif')
    const functions = Object.values(resources).filter(({ Type }) => Type === 'AWS::Lambda::Function')
    expect(functions.map(({ Properties }) => Properties.Environment.Variables.HEIC_DECODER)).toEqual(
      functions.map(() => 'libheif'),
    )
    expect(functions.length).toBeGreaterThan(1)
  })

  /** With jimp, because this machine's architecture may differ from Lambda's. */
  test.each([
    [
      'an image',
      'jimp',
      () =>
        sharp({ create: { ...SIZE, channels: 3, background: '#c84' } })
          .webp()
          .toBuffer(),
    ],
    ['a HEIC', 'jimp and libheif', () => readFile(HEIC)],
  ] as const)('develops %s when it runs as the engine process', async (_, engine, original) => {
    const unpacked = await mkdtemp(join(folder, 'zip-'))
    await packageWith(engine).archives.processImages?.unpack(unpacked)
    // The folder is another one each time, so what is compiled would be kept for nothing.
    delete process.env.NODE_COMPILE_CACHE
    const program = `process-images-with-${engine.replaceAll(' ', '-')}.engine.mjs`
    const running = startEngineProcess(pathToFileURL(join(unpacked, 'src/handlers', program)).href)
    expect(await running.ready()).toMatchObject({ contained: process.arch === ARCHITECTURES[engine] })
    const preset = presetOf('web-app-1')
    const request = { original: await original(), preset }
    const answer = await running.ask(request, { milliseconds: 60_000, bytes: 1e9 })
    expect(answer).toMatchObject({ developed: { ...SIZE, variants: [{}, {}, {}] } })
    running.stop()
  })
})

describe('the bucket', () => {
  test('has the retention of the file that a deployment names', () => {
    const { Bucket } = packageWith('jimp').resources
    expect(Bucket?.Properties.LifecycleConfiguration.Rules).toEqual(
      lifecycleRules({ default: retentionDays, apps: { 'web-app-2': { input: 14 } } }),
    )
  })

  test('is not packaged with a file that is invalid', () => {
    expect(refusal).toMatch(/\.json cannot be used[\s\S]*apps\["web-app-2"\]\.retentionDays\.input/)
  })
})
