import { createHash } from 'node:crypto'
import { newImageId } from '@darkroom/core'
import { Producer } from '@platformatic/kafka'
import sharp from 'sharp'
import type { FaultyStack } from './faulty-stack.ts'

/** A picture that somebody sent, and what they know of it. */
export interface Sent {
  source: 'http' | 'kafka'
  sha256: string
  accepted: boolean
}

/** A small picture that differs from all others. */
async function picture(n: number): Promise<Buffer> {
  const background = { r: n % 256, g: Math.floor(n / 256), b: 90 }
  return sharp({ create: { width: 320, height: 240, channels: 3, background } })
    .png()
    .toBuffer()
}

/** A client gives up after about half a minute. */
const MAX_ATTEMPTS = 10

/** Picture `n` over HTTP, with a key, until it is accepted. */
export async function post(stack: FaultyStack, n: number): Promise<Sent> {
  const body = await picture(n)
  const id = newImageId()
  const sent: Sent = { source: 'http', sha256: sha256Of(body), accepted: false }
  const headers = {
    authorization: `Bearer ${stack.apiKey}`,
    'content-type': 'image/png',
    'idempotency-key': id,
  }
  for (let attempt = 0; !sent.accepted && attempt < MAX_ATTEMPTS; attempt++) {
    if (attempt > 0) await delay(Math.min(500 * 2 ** attempt, 4_000))
    const signal = AbortSignal.timeout(10_000)
    const answer = await fetch(`${stack.uploadApi}/v1/images`, {
      method: 'POST',
      headers,
      body,
      signal,
    }).catch(() => undefined)
    sent.accepted = answer?.status === 202
  }
  return sent
}

/** A producer of Web App #2's topic. */
export function openTopic({ kafka, topic }: FaultyStack) {
  const producer = new Producer({ clientId: 'faults', bootstrapBrokers: [kafka.brokers], retries: 3 })
  return {
    async produce(n: number): Promise<Sent> {
      const value = await picture(n)
      const headers = {
        ce_specversion: '1.0',
        ce_id: `fault-${n}`,
        ce_source: '/web-app-2',
        ce_type: 'image.submitted.v1',
        ce_time: new Date().toISOString(),
        'content-type': 'image/png',
      }
      const named = new Map(
        Object.entries(headers).map(([name, text]) => [Buffer.from(name), Buffer.from(text)]),
      )
      await producer.send({ acks: -1, messages: [{ topic, partition: n % 2, value, headers: named }] })
      return { source: 'kafka', sha256: sha256Of(value), accepted: true }
    },
    close: () => producer.close(),
  }
}

const sha256Of = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const delay = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))
