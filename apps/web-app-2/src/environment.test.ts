import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { readEnvironment } from './environment.ts'

const least = { KAFKA_BROKERS: 'a:9092', UPLOAD_API_URL: 'https://api.example', UPLOAD_API_KEY: 'k' }

test('has defaults for all but the brokers and the upload API', () => {
  expect(readEnvironment({ ...least, KAFKA_BROKERS: 'a:9092, b:9093', KAFKA_TOPIC: '' })).toEqual({
    host: '127.0.0.1',
    port: 4002,
    kafka: { brokers: ['a:9092', 'b:9093'], topic: 'images.web-app-2' },
    uploadApi: { url: 'https://api.example', apiKey: 'k' },
  })
})

test('takes SASL over TLS with an authority of its own', () => {
  const ca = join(mkdtempSync(join(tmpdir(), 'web-app-2-')), 'ca.pem')
  writeFileSync(ca, 'PEM')
  const { kafka } = readEnvironment({
    ...least,
    KAFKA_SECURITY_PROTOCOL: 'SASL_SSL',
    KAFKA_SASL_MECHANISM: 'SCRAM-SHA-256',
    KAFKA_USERNAME: 'u',
    KAFKA_PASSWORD: 'p',
    KAFKA_SSL_CA: ca,
  })
  expect(kafka).toMatchObject({
    tls: { ca: Buffer.from('PEM') },
    sasl: { mechanism: 'SCRAM-SHA-256', username: 'u', password: 'p' },
  })
})

test('says which variable is wrong', () => {
  expect(() => readEnvironment({ ...least, PORT: 'x', UPLOAD_API_KEY: '' })).toThrow(
    /PORT[\s\S]*UPLOAD_API_KEY|UPLOAD_API_KEY[\s\S]*PORT/,
  )
  expect(() => readEnvironment({ ...least, KAFKA_BROKERS: 'a' })).toThrow(/KAFKA_BROKERS/)
  expect(() => readEnvironment({ ...least, KAFKA_SECURITY_PROTOCOL: 'SASL_SSL' })).toThrow(/KAFKA_USERNAME/)
})
