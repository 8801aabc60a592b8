import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { PassThrough } from 'node:stream'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import type { Endpoints } from '../endpoints.ts'
import { endpointsFor } from '../endpoints-for.ts'
import { freePorts } from '../ports.ts'
import { cockpitKeys } from './cockpit-keys.ts'
import { listenToKeys } from './keys.ts'
import { createLogView } from './log-view.ts'

const ID = '01a2231e-793f-7515-9f92-2b488c80ebbd'

let api: Server
/** `METHOD PATH AUTHORIZATION BYTES` of each request. */
let requests: string[]
let filename: string | undefined
let written: string[]
let endpoints: Endpoints
let stopListening: () => void
let onWrite: () => void
let hasQuit: Promise<string>
const view = createLogView((line) => write(line), false)
const input = Object.assign(new PassThrough(), {
  isTTY: true,
  setRawMode: () => input,
}) as never as PassThrough & typeof process.stdin

function write(line: string): void {
  written.push(line)
  onWrite()
}

/** Presses a key and resolves with the next line that is written. */
async function press(key: string): Promise<string> {
  const before = written.length
  const line = new Promise<void>((resolve) => {
    onWrite = resolve
  })
  input.write(key)
  await line
  return String(written[before])
}

beforeEach(async () => {
  requests = []
  written = []
  onWrite = () => {}
  api = createServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray())
    filename = /filename="(.*?)"/.exec(body.toString('latin1'))?.[1]
    requests.push(`${request.method} ${request.url} ${request.headers.authorization} ${body.length > 10_000}`)
    response.writeHead(request.method === 'POST' ? 503 : 200).end('{"status":"processed"}')
  }).listen(0, '127.0.0.1')
  await once(api, 'listening')
  const { port } = api.address() as { port: number }
  endpoints = endpointsFor({ ...(await freePorts()), uploadApi: port, webApp2: port })
  hasQuit = new Promise((resolve) => {
    const keys = cockpitKeys({ endpoints, view, write, quit: () => resolve('quit') })
    stopListening = listenToKeys(keys, write, input)
  })
})
afterEach(() => {
  stopListening()
  api.close()
})

test('u sends a photograph of the samples to Field Notes, which shows it, and says why it was refused', async () => {
  expect(await press('u')).toBe('The upload returned 503: {"status":"processed"}')
  expect(requests).toEqual(['POST /api/images undefined true'])
  expect(filename).toBe('nagasaki-boats.jpg')
})

test('d prints the document of the last image, with the key of its app', async () => {
  expect(await press('d')).toBe('No image yet. Press u to send one.')
  const entry = { message: 'record accepted', app: 'web-app-2', imageId: ID, timestamp: new Date() }
  view.take('kafka-bridge', JSON.stringify(entry))
  expect(JSON.parse(await press('d'))).toEqual({ status: 'processed' })
  expect(requests).toEqual([
    `GET /v1/images/${ID} Bearer dk_test_336b090000000001_LocalDevelopmentOnlyNotASecret0197c0d98e false`,
  ])
})

test('l switches between all log lines and few', async () => {
  expect(await press('l')).toBe('All log lines:')
  expect(await press('l')).toBe('Images, warnings and errors:')
})

test('? lists every key, within 80 columns', async () => {
  const lines = (await press('?')).trimEnd().split('\n')
  expect(lines.map((line) => line.trim()[0])).toEqual(['o', 'u', 'd', 'l', 'q', '?'])
  for (const { length } of lines) expect(length).toBeLessThanOrEqual(80)
})

test.each(['q', '\u0003'])('%j stops', async (key) => {
  input.write(`x${key}`)
  expect(await hasQuit).toBe('quit')
})

test.each([
  [0, undefined],
  [3, 'No browser could be opened. The pages are http://127.0.0.1:'],
])('o opens the pages, and says where they are if that ends with %i', async (code, line) => {
  const opened: string[] = []
  const open = async (url: string) => {
    opened.push(url)
    return spawn(process.execPath, ['-e', `process.exit(${code})`])
  }
  await cockpitKeys({ endpoints, view, write, quit: () => {}, open }).o?.press()
  expect(opened).toEqual([endpoints.webApp1, endpoints.webApp2, endpoints.dashboard])
  expect(written).toEqual(line ? [expect.stringContaining(line)] : [])
})
