import { readFileSync } from 'node:fs'
import { expect, test } from '@jest/globals'
import { BROKER_SETTINGS } from './broker-properties.ts'
import { KAFKA_VERSION } from './kafka-version.ts'

const compose = readFileSync(new URL('../../compose.yaml', import.meta.url), 'utf8')
const lines = compose.split('\n').map((line) => line.trim())

test.each(Object.entries(BROKER_SETTINGS))('compose.yaml has %s', (name, value) => {
  // The image reads `a.b` from KAFKA_A_B.
  expect(lines).toContain(`KAFKA_${name.replaceAll('.', '_').toUpperCase()}: "${value}"`)
})

test('compose.yaml has the version of pom.xml', () => {
  expect(lines).toContain(`image: apache/kafka:${KAFKA_VERSION}`)
})
