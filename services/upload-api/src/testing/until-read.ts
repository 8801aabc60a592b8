import { setTimeout as sleep } from 'node:timers/promises'
import { jest } from '@jest/globals'

/** Resolves when a function has asked S3 for an object. Call it before the request. */
export async function untilRead(key: string): Promise<void> {
  const { bucket } = await import('../clients.ts')
  const send = jest.spyOn(bucket.s3, 'send')
  const isAsked = () => send.mock.calls.some(([{ input }]) => 'Key' in input && input.Key === key)
  while (!isAsked()) await sleep(5)
  send.mockRestore()
}
