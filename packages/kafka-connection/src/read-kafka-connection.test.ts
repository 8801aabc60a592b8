import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { readKafkaConnection } from './read-kafka-connection.ts'

const PEM = '-----BEGIN CERTIFICATE-----\n'
const credentials = { KAFKA_USERNAME: 'darkroom', KAFKA_PASSWORD: 'secret' }

test('plaintext brokers; KAFKA_BROKERS takes precedence', () => {
  expect(readKafkaConnection({ KAFKA_BROKERS: 'a:9092, b:9093', KAFKA_USERNAME: '' }, ['c:9092'])).toEqual({
    bootstrapBrokers: ['a:9092', 'b:9093'],
  })
  expect(readKafkaConnection({ KAFKA_BROKERS: '' }, ['c:9092'])).toEqual({ bootstrapBrokers: ['c:9092'] })
})

test('SASL over TLS, by default with the mechanism of MSK', () => {
  const variables = { KAFKA_BROKERS: 'a:9096', KAFKA_SECURITY_PROTOCOL: 'SASL_SSL', ...credentials }
  expect(readKafkaConnection(variables)).toEqual({
    bootstrapBrokers: ['a:9096'],
    tls: {},
    tlsServerName: true,
    sasl: { mechanism: 'SCRAM-SHA-512', username: 'darkroom', password: 'secret' },
  })
})

test('SASL without TLS and with another mechanism', () => {
  const settings = { KAFKA_SECURITY_PROTOCOL: 'SASL_PLAINTEXT', KAFKA_SASL_MECHANISM: 'SCRAM-SHA-256' }
  const connection = readKafkaConnection({ ...settings, ...credentials }, ['a:9092'])
  expect(connection.tls).toBeUndefined()
  expect(connection.sasl?.mechanism).toBe('SCRAM-SHA-256')
})

test('TLS with a private CA, as text or file; an IP address is not used as server name', () => {
  const variables = { KAFKA_BROKERS: '127.0.0.1:9093', KAFKA_SECURITY_PROTOCOL: 'SSL' }
  expect(readKafkaConnection({ ...variables, KAFKA_SSL_CA: PEM })).toEqual({
    bootstrapBrokers: ['127.0.0.1:9093'],
    tls: { ca: PEM },
    tlsServerName: false,
  })
  const folder = mkdtempSync(join(tmpdir(), 'kafka-ca-'))
  writeFileSync(join(folder, 'ca.pem'), PEM)
  expect(readKafkaConnection({ ...variables, KAFKA_SSL_CA: join(folder, 'ca.pem') }).tls?.ca).toBe(PEM)
  rmSync(folder, { recursive: true })
  expect(() => readKafkaConnection({ ...variables, KAFKA_SSL_CA: join(folder, 'ca.pem') })).toThrow(
    /KAFKA_SSL_CA/,
  )
})

test.each([
  [{}, /KAFKA_BROKERS/],
  [{ KAFKA_BROKERS: 'a' }, /host:port[\s\S]*KAFKA_BROKERS/],
  [{ KAFKA_BROKERS: 'a:1', KAFKA_SECURITY_PROTOCOL: 'TLS' }, /KAFKA_SECURITY_PROTOCOL/],
  [{ KAFKA_BROKERS: 'a:1', KAFKA_SECURITY_PROTOCOL: 'SASL_SSL' }, /KAFKA_USERNAME and KAFKA_PASSWORD/],
])('names the invalid variable: %j', (variables, message) => {
  expect(() => readKafkaConnection(variables)).toThrow(message)
})
