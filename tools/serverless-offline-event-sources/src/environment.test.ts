import { afterEach, expect, test } from '@jest/globals'
import { readConnection } from './environment.ts'

afterEach(() => {
  for (const name of Object.keys(process.env)) if (name.startsWith('KAFKA_')) delete process.env[name]
})

test('the template’s brokers, without credentials', () => {
  expect(readConnection(['kafka.example.com:9092'])).toEqual({ bootstrapBrokers: ['kafka.example.com:9092'] })
})

test('the environment’s brokers go first', () => {
  process.env.KAFKA_BROKERS = '127.0.0.1:9092, 127.0.0.1:9093'
  expect(readConnection(['kafka.example.com:9092'])).toEqual({
    bootstrapBrokers: ['127.0.0.1:9092', '127.0.0.1:9093'],
  })
})

test('a protocol that does not exist, and no brokers at all, are errors', () => {
  expect(() => readConnection([])).toThrow(/KAFKA_BROKERS/)
  process.env.KAFKA_SECURITY_PROTOCOL = 'TLS'
  expect(() => readConnection(['a:1'])).toThrow(/KAFKA_SECURITY_PROTOCOL/)
})
