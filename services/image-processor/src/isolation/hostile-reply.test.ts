import type { Preset } from '@darkroom/core'
import { afterAll, expect, test } from '@jest/globals'
import { soundPictures } from './sound-pictures.ts'

process.env.POWERTOOLS_LOG_LEVEL = 'SILENT'
const { isolate } = await import('./isolate.ts')

const program = new URL('testing/hostile-replies.ts', import.meta.url).href
const preset: Preset = { version: 1, variants: [{ name: 'thumb', size: 8, format: 'jpeg' }] }
const engine = isolate({ name: 'sharp', program, seconds: 60, megabytes: 480 })
afterAll(() => engine.stop())

const [picture = Buffer.of()] = soundPictures()
const develop = (order: string) =>
  engine.develop(Buffer.concat([picture, Buffer.from(`#${order} `)]), preset, 'web-app-1')

test('the names of variants are those of the preset, whatever an engine that was taken over answers', async () => {
  const { variants } = await develop('anotherName')
  expect(variants.map(({ spec }) => spec)).toEqual(preset.variants)
})

test.each([
  'nothing',
  'text',
  'noVariants',
  'manyVariants',
  'hugeSides',
  'noSides',
  'noBytes',
  'script',
  'anotherType',
  'longText',
  'color',
  'hash',
  'warnings',
  'anotherProblem',
  'prototype',
])('an answer that no engine gives is not believed, and ends its process: %s', async (order) => {
  await develop('anotherName')
  const before = engine.pid()
  await expect(develop(order)).rejects.toMatchObject({ name: 'InvalidReply' })
  await develop('anotherName')
  expect(engine.pid()).not.toBe(before)
})

test('an error of the engine is cut before it is logged', async () => {
  const error = await develop('longError').catch((reason: Error) => reason)
  expect(error).toBeInstanceOf(Error)
  expect((error as Error).message).toHaveLength(10_000)
})
