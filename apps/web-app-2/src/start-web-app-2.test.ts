import { EventEmitter, once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { expect, test } from '@jest/globals'
import { startWebApp2 } from './start-web-app-2.ts'

const uploadApi = { url: 'http://127.0.0.1:9', apiKey: 'k' }

test('a Kafka that is not reachable is logged, but not one that a stop did not wait for', async () => {
  const silent = createServer((socket) => socket.on('error', () => {})).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const logged = new EventEmitter()
  const warnings: string[] = []
  logged.on('warning', (line) => warnings.push(line))
  const start = (port: number) =>
    startWebApp2({
      port: 0,
      uploadApi,
      kafka: { bootstrapBrokers: [`127.0.0.1:${port}`], topic: 'images.web-app-2' },
      onLine: (line) => line.includes('"WARN"') && logged.emit('warning', line),
    })
  const connecting = await start((silent.address() as AddressInfo).port)
  await once(silent, 'connection')
  await connecting.stop()
  silent.close()
  expect(warnings).toEqual([])
  const warned = once(logged, 'warning')
  const away = await start(9)
  expect(await warned).toEqual([expect.stringContaining('Kafka is not reachable yet')])
  await away.stop()
})
