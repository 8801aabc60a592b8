import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeEach, expect, test } from '@jest/globals'
import { readConfiguration } from './configuration.ts'
import { freePorts, portVariables } from './ports.ts'

const PORTS = portVariables(await freePorts())

beforeEach(() => {
  Object.assign(process.env, PORTS, { LOCAL_DIR: newFolder(), IMAGE_ENGINE: 'sharp', HEIC_DECODER: 'none' })
})

function newFolder(): string {
  return mkdtempSync(join(tmpdir(), 'darkroom-configuration-'))
}

const NO_FOLDER = fileURLToPath(import.meta.url)
/** As on a full disk: the folder is there, and a file in it cannot be written. */
const UNWRITABLE = newFolder()
mkdirSync(join(UNWRITABLE, 'dev.lock'))
const FILE_FOR_STATE = newFolder()
writeFileSync(join(FILE_FOR_STATE, 'kafka'), 'a file')
const FOLDER_FOR_ENDPOINTS = newFolder()
mkdirSync(join(FOLDER_FOR_ENDPOINTS, 'endpoints.json'))

test.each<[string, Record<string, string>, string]>([
  [
    'an invalid port',
    { UPLOAD_API_PORT: '99999' },
    'UPLOAD_API_PORT is "99999", which is not a valid port. Use a number from 1 to 65535.',
  ],
  [
    'one port for two parts',
    { UPLOAD_API_PORT: PORTS.KAFKA_PORT ?? '' },
    `UPLOAD_API_PORT and KAFKA_PORT are both ${PORTS.KAFKA_PORT}. Give each a port of its own.`,
  ],
  ['an unknown engine', { IMAGE_ENGINE: 'magick' }, 'IMAGE_ENGINE is "magick". It must be sharp or jimp.'],
  ['an unknown decoder', { HEIC_DECODER: 'x' }, 'HEIC_DECODER is "x". It must be none or libheif.'],
  [
    'a local folder that is none',
    { LOCAL_DIR: NO_FOLDER },
    `LOCAL_DIR is ${NO_FOLDER}: ${join(NO_FOLDER, 'dev.lock')} cannot be written (ENOTDIR). Set LOCAL_DIR to another folder.`,
  ],
  [
    'a local folder in which nothing can be written',
    { LOCAL_DIR: UNWRITABLE },
    `LOCAL_DIR is ${UNWRITABLE}: ${join(UNWRITABLE, 'dev.lock')} cannot be written (EISDIR). Set LOCAL_DIR to another folder.`,
  ],
  [
    'a local folder with a file instead of a folder for state',
    { LOCAL_DIR: FILE_FOR_STATE },
    `LOCAL_DIR is ${FILE_FOR_STATE}: ${join(FILE_FOR_STATE, 'kafka')}/ cannot be written (ENOTDIR). Set LOCAL_DIR to another folder.`,
  ],
  [
    'a local folder in which the endpoints cannot be written',
    { LOCAL_DIR: FOLDER_FOR_ENDPOINTS },
    `LOCAL_DIR is ${FOLDER_FOR_ENDPOINTS}: ${join(FOLDER_FOR_ENDPOINTS, 'endpoints.json')} cannot be written (ERR_FS_EISDIR). Set LOCAL_DIR to another folder.`,
  ],
  ...(existsSync('/proc')
    ? [
        [
          'a local folder where folders cannot be created',
          { LOCAL_DIR: '/proc/darkroom' },
          'LOCAL_DIR is /proc/darkroom: /proc/darkroom cannot be written (ENOENT). Set LOCAL_DIR to another folder.',
        ] as [string, Record<string, string>, string],
      ]
    : []),
])('refuses %s', async (_, settings, advice) => {
  Object.assign(process.env, settings)
  const accepted = readConfiguration().then(({ release }) => release())
  await expect(accepted).rejects.toMatchObject({ message: advice })
})

test('the endpoints of a stack that was killed are gone before the next one is ready', async () => {
  const { LOCAL_DIR = '' } = process.env
  writeFileSync(join(LOCAL_DIR, 'endpoints.json'), '{}')
  const { folder, release } = await readConfiguration()
  expect([folder, existsSync(join(LOCAL_DIR, 'endpoints.json'))]).toEqual([LOCAL_DIR, false])
  await release()
})
