import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect, test } from '@jest/globals'
import { answerWithProblems } from './gateway-problems.ts'

const log = { info() {}, notice() {}, warning() {}, error() {} }

test.each([
  ['headers', 'GET / HTTP/1.1\r\nhost: localhost\r\nx-slow: ', /^HTTP\/1\.1 400 .*did not arrive in time/s],
  ['body', 'POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\r\n1234', /^$/],
])('a connection that does not send the rest of its %s in time is closed', async (_, half, answer) => {
  // As hapi does, it answers when the body is complete.
  const listener = createServer((request, response) => request.resume().once('end', () => response.end()))
  Object.assign(listener, { headersTimeout: 50, requestTimeout: 100, connectionsCheckingInterval: 50 })
  answerWithProblems({ listener, ext() {} }, log)
  await once(listener.listen(0, '127.0.0.1'), 'listening')
  const socket = connect((listener.address() as AddressInfo).port, '127.0.0.1')
  socket.write(half)
  expect(await text(socket).catch(() => '')).toMatch(answer)
  listener.close()
})
