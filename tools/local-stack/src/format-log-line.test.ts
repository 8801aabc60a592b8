import { execFile } from 'node:child_process'
import { promisify, stripVTControlCharacters } from 'node:util'
import { describe, expect, test } from '@jest/globals'
import { formatLogLine } from './format-log-line.ts'

const timestamp = '2026-11-23T16:31:02.345Z'
const localTime = new Date(timestamp).toTimeString().slice(0, 8)
const structured = (entry: object) =>
  JSON.stringify({ level: 'INFO', message: 'said', timestamp, service: 'upload-api', ...entry })
const plain = (line: string) => {
  const formatted = formatLogLine('upload-api', line)
  return formatted && stripVTControlCharacters(formatted)
}

/** Whether there are colors is decided for a whole process. */
async function onTerminal(lines: string[]): Promise<string[]> {
  const program = `import { formatLogLine } from './format-log-line.ts'
    for (const line of ${JSON.stringify(lines)}) console.log(formatLogLine('upload-api', line))`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: import.meta.dirname,
    env: { FORCE_COLOR: '1' },
  })
  return stdout.trimEnd().split('\n')
}

describe('a structured line', () => {
  test('becomes time, service, message and fields', () => {
    const line = structured({
      message: 'POST /v1/images 202',
      sampling_rate: 0,
      xray_trace_id: '1-2-3',
      app: 'web-app-1',
      milliseconds: 12,
      replayed: false,
      nothing: null,
    })
    expect(plain(line)).toBe(
      `${localTime} upload-api        POST /v1/images 202  app=web-app-1 milliseconds=12 replayed=false nothing=null`,
    )
  })

  test('without fields ends after the message', () => {
    expect(plain(structured({}))).toBe(`${localTime} upload-api        said`)
  })

  test('shows a nested error in one line and other objects as JSON', () => {
    const error = { name: 'NoSuchKey', message: 'gone', stack: 'NoSuchKey: gone\n    at x.ts:1' }
    expect(plain(structured({ error, sizes: { thumb: 1 } }))).toBe(
      `${localTime} upload-api        said  error="NoSuchKey: gone" sizes={"thumb":1}`,
    )
  })

  test('is colored by level', async () => {
    const [red, yellow] = ['\x1b[31msaid\x1b', '\x1b[33msaid\x1b'] as const
    const shown = await onTerminal(
      ['INFO', 'WARN', 'ERROR', 'CRITICAL'].map((level) => structured({ level })),
    )
    expect(shown.map((line) => line.includes(red))).toEqual([false, false, true, true])
    expect(shown.map((line) => line.includes(yellow))).toEqual([false, true, false, false])
  })
})

describe('another line', () => {
  test.each(['Warning: no region', '{ not JSON', '{"half":"a line"}', '[1, 2]'])(
    'keeps its words behind the name of its service: %s',
    (line) => {
      expect(plain(line)).toBe(`         upload-api        ${line}`)
    },
  )

  test.each([
    '',
    '   ',
    'POST /v1/images (λ: uploadImage)',
    '(λ: uploadImage) RequestId: 3f1c  Duration: 12.34 ms  Billed Duration: 13 ms',
    '  GET /v1/health (λ: health)',
    'ANY /{default*} (λ: noSuchRoute)',
    '\x1b[33m┌────┐\x1b[39m',
  ])('is dropped if it says nothing: %j', (line) => {
    expect(plain(line)).toBeUndefined()
  })
})
