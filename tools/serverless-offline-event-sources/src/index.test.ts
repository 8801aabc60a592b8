import { createServer } from 'node:http'
import { expect, test } from '@jest/globals'
import OfflineEventSources from './index.ts'
import type { HttpServer, Serverless } from './serverless.ts'

test('keeps what an earlier plugin does with the HTTP server', () => {
  const points: string[] = []
  const server: HttpServer = { listener: createServer(), ext: (point) => void points.push(point) }
  const seen: HttpServer[] = []
  const serverless: Pick<Serverless, 'configureHttpServer'> = {
    configureHttpServer: (given) => void seen.push(given),
  }
  const log = { info() {}, notice() {}, warning() {}, error() {} }
  new OfflineEventSources(serverless as Serverless, {}, { log })
  serverless.configureHttpServer?.(server)
  expect(seen).toEqual([server])
  expect(points).toContain('onRequest')
})
