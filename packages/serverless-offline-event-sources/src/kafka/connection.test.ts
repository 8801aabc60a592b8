import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from '@jest/globals'
import { readConnection } from './connection.ts'

function set(variables: Record<string, string>) {
  Object.assign(process.env, variables)
}

afterEach(() => {
  for (const name of Object.keys(process.env)) if (name.startsWith('KAFKA_')) delete process.env[name]
})

test('the template’s brokers, without credentials', () => {
  expect(readConnection(['kafka.example.com:9092'])).toEqual({ bootstrapBrokers: ['kafka.example.com:9092'] })
})

test('the environment’s brokers go first', () => {
  set({ KAFKA_BROKERS: '127.0.0.1:9092, 127.0.0.1:9093' })
  expect(readConnection(['kafka.example.com:9092'])).toEqual({
    bootstrapBrokers: ['127.0.0.1:9092', '127.0.0.1:9093'],
  })
})

test('SASL over TLS', () => {
  set({
    KAFKA_SECURITY_PROTOCOL: 'SASL_SSL',
    KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512',
    KAFKA_USERNAME: 'darkroom',
    KAFKA_PASSWORD: 'secret',
  })
  expect(readConnection(['kafka.example.com:9096'])).toEqual({
    bootstrapBrokers: ['kafka.example.com:9096'],
    tls: {},
    tlsServerName: true,
    sasl: { mechanism: 'SCRAM-SHA-512', username: 'darkroom', password: 'secret' },
  })
})

test('TLS with a certificate of one’s own, as text or in a file', () => {
  const pem = '-----BEGIN CERTIFICATE-----\n'
  set({ KAFKA_SECURITY_PROTOCOL: 'SSL', KAFKA_SSL_CA: pem })
  expect(readConnection(['127.0.0.1:9093'])).toMatchObject({ tls: { ca: pem }, tlsServerName: false })
  const folder = mkdtempSync(join(tmpdir(), 'kafka-ca-'))
  writeFileSync(join(folder, 'ca.pem'), pem)
  set({ KAFKA_SSL_CA: join(folder, 'ca.pem') })
  expect(readConnection(['127.0.0.1:9093'])).toMatchObject({ tls: { ca: pem } })
  rmSync(folder, { recursive: true })
})

test('a protocol that does not exist, and no brokers at all, are errors', () => {
  expect(() => readConnection([])).toThrow(/KAFKA_BROKERS/)
  set({ KAFKA_SECURITY_PROTOCOL: 'TLS' })
  expect(() => readConnection(['a:1'])).toThrow(/KAFKA_… variables/)
})
