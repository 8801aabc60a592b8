import { rm } from 'node:fs/promises'
import { type ImageStatus, UploadAccepted } from '@darkroom/core'
import { freePorts, startStack } from '@darkroom/local-stack'
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { type ApacheKafka, startApacheKafka } from './apache-kafka.ts'
import { tinyImage } from './images.ts'
import { postPicture } from './post-picture.ts'
import { PASSWORDS } from './secured-listener.ts'
import { until } from './until.ts'

let kafka: ApacheKafka
const before = { ...process.env }

beforeAll(async () => {
  kafka = await startApacheKafka({ secured: true })
})
afterEach(() => {
  process.env = { ...before }
})
afterAll(async () => {
  await kafka.stop()
  await rm(kafka.dataDir, { recursive: true })
})

/** Starts the stack on the secured listener. */
async function start(variables: Record<string, string> = {}) {
  Object.assign(process.env, {
    KAFKA_BROKERS: kafka.secured?.brokers,
    KAFKA_SECURITY_PROTOCOL: 'SASL_SSL',
    KAFKA_SSL_CA: kafka.secured?.certificate,
    KAFKA_USERNAME: 'darkroom',
    KAFKA_PASSWORD: PASSWORDS.darkroom,
    ...variables,
  })
  return startStack({ ports: await freePorts(), services: ['upload-api', 'kafka-bridge', 'image-processor'] })
}

test('a picture is processed over TLS with user and password', async () => {
  const stack = await start()
  try {
    const answer = await postPicture(stack.endpoints.webApp2, await tinyImage())
    expect(answer.status).toBe(202)
    const { id } = UploadAccepted.pick({ id: true }).parse(await answer.json())
    const image = await until(async () => {
      const response = await fetch(`${stack.endpoints.webApp2}/api/images/${id}`)
      const { status } = (await response.json()) as ImageStatus
      return response.status === 200 && status !== 'queued' && status
    })
    expect(image).toBe('processed')
  } finally {
    await stack.stop()
  }
})

test.each([
  [
    'a wrong password',
    { KAFKA_PASSWORD: 'guessed' },
    /cannot be used: .*(credentials|[Aa]uthentication).*KAFKA_… var/s,
  ],
  ['an unknown certificate', { KAFKA_SSL_CA: '' }, /cannot be used: .*self-signed certificate.*KAFKA_… var/s],
  [
    'a plaintext connection to a TLS listener',
    { KAFKA_SECURITY_PROTOCOL: 'PLAINTEXT' },
    /cannot be used: .*KAFKA_… var/s,
  ],
  [
    'a user who is not allowed to create the topic',
    { KAFKA_USERNAME: 'visitor', KAFKA_PASSWORD: PASSWORDS.visitor },
    /does not allow this user to create the topic images\.web-app-2/,
  ],
])('%s is reported before anything starts', async (_, variables, message) => {
  await expect(start(variables)).rejects.toThrow(message)
})
