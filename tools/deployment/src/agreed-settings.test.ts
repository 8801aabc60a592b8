import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { readSettings, requireAgreement } from './agreed-settings.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'services-'))
})
afterEach(() => rm(folder, { recursive: true }))

async function writeParams(service: string, params: object): Promise<void> {
  await mkdir(join(folder, service))
  await writeFile(join(folder, service, 'serverless.yml'), JSON.stringify({ params }))
}

const check = (stage: string) => () => requireAgreement(readSettings(folder, stage), stage)

test('services that agree, or do not have the setting, are packaged', async () => {
  await writeParams('one', {
    default: { heicDecoder: 'none', memorySize: 1 },
    prod: { heicDecoder: 'libheif' },
  })
  await writeParams('other', { default: { heicDecoder: 'libheif', memorySize: 2 } })
  await writeParams('without', {})
  expect(check('prod')).not.toThrow()
})

test('a setting that one service changes for a stage is refused with both values', async () => {
  await writeParams('one', { default: { heicDecoder: 'none' } })
  await writeParams('other', { default: { heicDecoder: 'none' }, prod: { heicDecoder: 'libheif' } })
  expect(check('prod')).toThrow(
    'The stage "prod" cannot be packaged. heicDecoder is "none" in services/one/serverless.yml and "libheif" in ' +
      'services/other/serverless.yml: set the same value in both.',
  )
  expect(check('dev')).not.toThrow()
})

test('the services of this repository agree', () => {
  const services = join(import.meta.dirname, '../../../services')
  const settings = readSettings(services, 'dev')
  expect(Object.keys(settings)).toEqual([
    'analytics-catalog',
    'image-processor',
    'kafka-bridge',
    'upload-api',
  ])
  expect(() => requireAgreement(settings, 'dev')).not.toThrow()
})
