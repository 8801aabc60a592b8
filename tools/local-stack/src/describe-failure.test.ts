import { expect, test } from '@jest/globals'
import { build } from 'esbuild'
import { describeFailure, isMistake } from './describe-failure.ts'

test('an error of a build is its place and its text', async () => {
  const stdin = { contents: 'export const = 1', sourcefile: 'word.ts' }
  const error = await build({ stdin, write: false, logLevel: 'silent' }).catch((failure) => failure)
  expect(isMistake(error)).toBe(true)
  expect(describeFailure(error)).toBe('word.ts:1:14 Expected identifier but found "="')
})

test('another error is its first paragraph in one line, without stacks', () => {
  const error = new Error(
    'Cannot read it:\n  - a bad value\n    at read (/a/read.js:40:15)\n\n 53 | region\n',
  )
  expect(isMistake(error)).toBe(false)
  expect(describeFailure(error)).toBe('Cannot read it: - a bad value')
})

test('a file that cannot be written is named, without a stack', async () => {
  const error = Object.assign(new Error("EROFS: read-only file system, mkdir '/a'"), {
    code: 'EROFS',
    path: '/a',
  })
  expect([isMistake(error), describeFailure(error)]).toEqual([true, '/a cannot be used (EROFS).'])
  expect(isMistake(Object.assign(new Error('no file'), { code: 'ENOENT', path: '/a' }))).toBe(false)
})
