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

/** Of the binaries in the zip. A process is contained where they fit. The zip with sharp, for arm64, is in `templates.test.ts`. */
const ARCHITECTURE = 'x64'

let made: ServicePackage
let refusal: string
beforeAll(async () => {
  const settings = {
    IMAGE_ENGINE: 'jimp',
    HEIC_DECODER: 'libheif',
    APPS_FILE: configurationFile({ retentionDays, apps }),
  }
  const packaged = packageService('image-processor', settings, { architecture: 'x86_64' })
  const invalid = { retentionDays, apps: { 'web-app-2': { retentionDays: { input: 61 } } } }
  await packageService('image-processor', { APPS_FILE: configurationFile(invalid) }).catch(({ message }) => {
    refusal = message
  })
  made = await packaged
}, 900_000)

describe("the image processor's zip with jimp and libheif", () => {
  const archive = () => made.archives.processImages
  const matching = (pattern: RegExp) => archive()?.files.filter((file) => pattern.test(file)) ?? []

  test('has WebAssembly, the watermarks for presets and nothing native but koffi', () => {
    expect(matching(/sharp|@img/)).toEqual([])
    expect(matching(/\.(node|so[.\d]*)$/)).toEqual([
      'node_modules/@koromix/koffi-linux-x64/linux_x64/koffi.node',
    ])
    expect(matching(/koffi\/LICENSE/)).toHaveLength(1)
    const codecs = matching(/\.wasm$/).map((file) => file.split('/').at(-1))
    expect(codecs).toEqual(
      expect.arrayContaining(['avif_dec.wasm', 'mozjpeg_dec.wasm', 'webp_dec.wasm', 'webp_enc.wasm']),
    )
    expect(matching(/^watermarks\//)).toEqual(['watermarks/darkroom.png'])
    expect(archive()?.bytes).toBeLessThan(15 * MEGABYTE)
  })

  test('has one build of the decoder for HEIC, with its licence', () => {
    expect(matching(/libheif-js\/.*(heif.*\.m?js|\.wasm|LICENSE)$/).sort()).toEqual([
      'node_modules/libheif-js/LICENSE',
      'node_modules/libheif-js/libheif-wasm/LICENSE',
      'node_modules/libheif-js/libheif-wasm/libheif.js',
      'node_modules/libheif-js/libheif-wasm/libheif.wasm',
      'node_modules/libheif-js/libheif/LICENSE',
    ])
  })

  test('and its functions have the same HEIC decoder', () => {
    const functions = Object.values(made.resources).filter(({ Type }) => Type === 'AWS::Lambda::Function')
    expect(functions.map(({ Properties }) => Properties.Environment.Variables.HEIC_DECODER)).toEqual(
      functions.map(() => 'libheif'),
    )
    expect(functions.length).toBeGreaterThan(1)
  })

  /** With jimp, because this machine's architecture may differ from Lambda's. */
  test('develops a WebP and a HEIC when it runs as the engine process', async () => {
    await archive()?.unpack(folder)
    // The folder is another one each time, so what is compiled would be kept for nothing.
    delete process.env.NODE_COMPILE_CACHE
    const program = join(folder, 'src/handlers/process-images-with-jimp-and-libheif.engine.mjs')
    const running = startEngineProcess(pathToFileURL(program).href)
    expect(await running.ready()).toMatchObject({ contained: process.arch === ARCHITECTURE })
    const webp = sharp({ create: { ...SIZE, channels: 3, background: '#c84' } }).webp()
    for (const original of [await webp.toBuffer(), await readFile(HEIC)]) {
      const request = { original, preset: presetOf('web-app-1') }
      const answer = await running.ask(request, { milliseconds: 60_000, bytes: 1e9 })
      expect(answer).toMatchObject({ developed: { ...SIZE, variants: [{}, {}, {}] } })
    }
    running.stop()
  })
})

describe('the bucket', () => {
  test('has the retention of the file that a deployment names', () => {
    const { Bucket } = made.resources
    expect(Bucket?.Properties.LifecycleConfiguration.Rules).toEqual(
      lifecycleRules({ default: retentionDays, apps: { 'web-app-2': { input: 14 } } }),
    )
  })

  test('is not packaged with a file that is invalid', () => {
    expect(refusal).toMatch(/\.json cannot be used[\s\S]*apps\["web-app-2"\]\.retentionDays\.input/)
  })
})
