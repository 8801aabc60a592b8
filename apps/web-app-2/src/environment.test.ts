import { expect, test } from '@jest/globals'
import { readEnvironment } from './environment.ts'

const least = { KAFKA_BROKERS: 'a:9092', UPLOAD_API_URL: 'https://api.example', UPLOAD_API_KEY: 'k' }

test('has defaults for all but the brokers and the upload API', () => {
  expect(readEnvironment({ ...least, KAFKA_BROKERS: 'a:9092, b:9093', KAFKA_TOPIC: '' })).toEqual({
    host: '127.0.0.1',
    allowedHosts: [],
    port: 4002,
    kafka: { bootstrapBrokers: ['a:9092', 'b:9093'], topic: 'images.web-app-2' },
    uploadApi: { url: 'https://api.example', apiKey: 'k' },
  })
})

test('takes further names of the server from ALLOWED_HOSTS', () => {
  const { allowedHosts } = readEnvironment({ ...least, ALLOWED_HOSTS: 'Notes.example, other.example' })
  expect(allowedHosts).toEqual(['notes.example', 'other.example'])
})

test('accepts SASL over TLS', () => {
  const secured = { KAFKA_SECURITY_PROTOCOL: 'SASL_SSL', KAFKA_USERNAME: 'u', KAFKA_PASSWORD: 'p' }
  expect(readEnvironment({ ...least, ...secured }).kafka).toEqual({
    bootstrapBrokers: ['a:9092'],
    topic: 'images.web-app-2',
    tls: {},
    tlsServerName: true,
    sasl: { mechanism: 'SCRAM-SHA-512', username: 'u', password: 'p' },
  })
})

test('accepts a bucket for large pictures', () => {
  const { claims } = readEnvironment({ ...least, CLAIMS_BUCKET: 'darkroom-prod' })
  expect(claims).toEqual({ bucket: 'darkroom-prod' })
})

test('accepts a limit above 4 MB only with a bucket, and up to 50 MB', () => {
  const more = { ...least, MAX_IMAGE_BYTES: '4194305' }
  expect(() => readEnvironment(more)).toThrow(/requires CLAIMS_BUCKET[\s\S]*MAX_IMAGE_BYTES/)
  expect(readEnvironment({ ...more, CLAIMS_BUCKET: 'darkroom-prod' }).maxImageBytes).toBe(4_194_305)
  const tooMuch = { ...more, MAX_IMAGE_BYTES: '52428801', CLAIMS_BUCKET: 'darkroom-prod' }
  expect(() => readEnvironment(tooMuch)).toThrow(/52428800[\s\S]*MAX_IMAGE_BYTES/)
})

test('names each invalid variable', () => {
  expect(() => readEnvironment({ ...least, PORT: 'x', UPLOAD_API_KEY: '' })).toThrow(
    /PORT[\s\S]*UPLOAD_API_KEY|UPLOAD_API_KEY[\s\S]*PORT/,
  )
  expect(() => readEnvironment({ ...least, KAFKA_BROKERS: 'a' })).toThrow(/KAFKA_BROKERS/)
  expect(() => readEnvironment({ ...least, KAFKA_SECURITY_PROTOCOL: 'SASL_SSL' })).toThrow(/KAFKA_USERNAME/)
})
