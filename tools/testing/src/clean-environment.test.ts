import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from '@jest/globals'
import { cleanEnvironment } from './clean-environment.ts'

test('tests see neither settings of a shell nor the local stack that runs beside them', () => {
  const example = readFileSync(fileURLToPath(new URL('../../../.env.example', import.meta.url)), 'utf8')
  const settings = Array.from(example.matchAll(/^(?:# )?([A-Z][A-Z0-9_]+)=/gm), ([, name = '']) => [
    name,
    'x',
  ])
  expect(settings.length).toBeGreaterThan(15)
  const shell = {
    PATH: '/bin',
    TZ: 'Asia/Tokyo',
    BUCKET: 'x',
    AWS_PROFILE: 'x',
    DARKROOM_KEY: 'x',
    FORCE_COLOR: '1',
  }
  expect(cleanEnvironment({ ...Object.fromEntries(settings), ...shell }, '/clone/')).toEqual({
    PATH: '/bin',
    TZ: 'Asia/Tokyo',
    LOCAL_DIR: '/clone/node_modules/.cache/no-local-stack',
  })
})

test('this run has such an environment', () => {
  expect(process.env.LOCAL_DIR).toContain('no-local-stack')
})
