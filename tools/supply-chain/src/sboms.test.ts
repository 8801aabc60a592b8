import { readFileSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { runCommand } from './testing/run-command.ts'

const REPOSITORY = join(import.meta.dirname, '../../..')
const SERVICES = ['analytics-catalog', 'image-processor', 'kafka-bridge', 'upload-api']

/** CycloneDX 1.6, as far as it is read here: https://cyclonedx.org/docs/1.6/json */
interface Sbom {
  bomFormat: string
  specVersion: string
  metadata: { component: { purl: string } }
  components: { purl: string; version: string; licenses?: unknown[] }[]
}

let folder: string
let printed: { code: number; output: string }
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'darkroom-sboms-'))
  const { scripts } = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8'))
  const command: string = scripts.sboms.replace('.cache/sbom', folder)
  expect(command).not.toBe(scripts.sboms)
  printed = await runCommand('sh', ['-c', command], { cwd: REPOSITORY })
})
afterAll(() => rm(folder, { recursive: true }))

test('pnpm sboms writes one for each service', () => expect(printed).toMatchObject({ code: 0 }))

test.each(SERVICES)('%s: every part has a package URL and a version', async (service) => {
  const sbom: Sbom = JSON.parse(await readFile(join(folder, `darkroom-${service}.cdx.json`), 'utf8'))
  expect(sbom).toMatchObject({ bomFormat: 'CycloneDX', specVersion: '1.6' })
  expect(sbom.metadata.component.purl).toBe(`pkg:npm/%40darkroom/${service}@0.1.0`)
  expect(sbom.components.length).toBeGreaterThan(10)
  for (const { purl, version } of sbom.components) {
    expect(purl).toMatch(/^pkg:npm\//)
    expect(version).toMatch(/^\d+\.\d+\.\d+/)
  }
})

test('image-processor names its decoders with the versions of the lockfile', async () => {
  const sbom: Sbom = JSON.parse(await readFile(join(folder, 'darkroom-image-processor.cdx.json'), 'utf8'))
  const lockfile = readFileSync(join(REPOSITORY, 'pnpm-lock.yaml'), 'utf8')
  for (const name of ['sharp', 'jimp', 'libheif-js']) {
    const component = sbom.components.find(({ purl }) => purl.startsWith(`pkg:npm/${name}@`))
    expect(component).toBeDefined()
    expect(lockfile).toContain(`\n  ${name}@${component?.version}:`)
  }
})

test('image-processor names the license of libvips', async () => {
  const sbom: Sbom = JSON.parse(await readFile(join(folder, 'darkroom-image-processor.cdx.json'), 'utf8'))
  const libvips = sbom.components.filter(({ purl }) => purl.startsWith('pkg:npm/%40img/sharp-libvips-'))
  expect(libvips.length).toBeGreaterThan(0)
  for (const { licenses } of libvips) expect(licenses).toEqual([{ license: { id: 'LGPL-3.0-or-later' } }])
})
