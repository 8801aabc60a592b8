import { expect, test } from '@jest/globals'
import { freePorts } from './ports.ts'

test('free ports are different, and none that the system gives to a connection meanwhile', async () => {
  const ports = Object.values(await freePorts())
  expect(new Set(ports).size).toBe(6)
  for (const port of ports) {
    expect(port).toBeGreaterThanOrEqual(11_000)
    expect(port).toBeLessThan(32_768)
  }
})
