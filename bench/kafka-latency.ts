import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { deriveImageId, type ImageId } from '@darkroom/core'
import { freePorts, type Stack, startStack } from '@darkroom/local-stack'
import { Producer, stringSerializer } from '@platformatic/kafka'
import { photographs } from '../services/image-processor/test/bench-photographs.ts'
import { atSteadyRate } from './at-steady-rate.ts'

export interface LatencyOptions {
  images: number
  /** Per second. */
  rate: number
  /** A directory of photographs. */
  photos?: string | undefined
}

export interface Sample {
  /** Milliseconds from the producer's call to the broker's acknowledgement. */
  produced: number
  /** Milliseconds from there until the status is processed. */
  processed: number
}

/** Megapixels. */
const SIZES = [2.2, 2.5, 3]
/** Warm-up images, so that every function has started. */
const WARM_UP = 6
/** Between polls while the image is not stored yet and the status is 404. */
const POLL_INTERVAL_MS = 50
const TIMEOUT_MS = 30_000

const APP = 'web-app-2'

/** Produces photographs at a steady rate and polls the status API until each is final. */
export async function measureLatency({ images, rate, photos }: LatencyOptions): Promise<Sample[]> {
  const found = await photographs(SIZES, photos)
  const files = await Promise.all(found.map(({ path }) => readFile(path)))
  const names = found.map(({ name, megapixels }) => `${name} (${megapixels.toFixed(1)} MP)`).join(', ')
  const stack = await startStack({ ports: await freePorts() })
  const producer = new Producer({
    clientId: 'bench-kafka',
    bootstrapBrokers: stack.endpoints.kafkaBrokers.split(','),
    serializers: { headerKey: stringSerializer, headerValue: stringSerializer },
  })
  const send = (index: number) =>
    follow(stack, producer, files[index % files.length] ?? Buffer.alloc(0), `photograph-${index}`)
  try {
    for (let index = 0; index < WARM_UP; index++) await send(index)
    console.log(`\n${images} photographs at ${rate}/s through the whole local stack: ${names}`)
    return await atSteadyRate(images, rate, (index) => send(WARM_UP + index))
  } finally {
    await producer.close()
    await stack.stop()
  }
}

type EventProducer = Producer<Buffer, Buffer, string, string>

async function follow(stack: Stack, producer: EventProducer, value: Buffer, id: string): Promise<Sample> {
  const time = new Date()
  const source = '/bench'
  const headers = {
    ce_specversion: '1.0',
    ce_type: 'image.submitted.v1',
    ce_id: id,
    ce_source: source,
    ce_time: time.toISOString(),
    'content-type': 'image/jpeg',
  }
  const { topic = '', apiKey = '' } = stack.endpoints.apps[APP] ?? {}
  const started = performance.now()
  await producer.send({ messages: [{ topic, value, headers }] })
  const acknowledged = performance.now()
  const imageId = deriveImageId({ app: APP, time, source, id })
  await untilProcessed(`${stack.endpoints.uploadApi}/v1/images/${imageId}`, apiKey, imageId)
  return { produced: acknowledged - started, processed: performance.now() - acknowledged }
}

async function untilProcessed(url: string, apiKey: string, id: ImageId): Promise<void> {
  const headers = { authorization: `Bearer ${apiKey}`, prefer: 'wait=25' }
  const timeout = AbortSignal.timeout(TIMEOUT_MS)
  let response = await fetch(url, { headers, signal: timeout })
  while (response.status === 404) {
    await sleep(POLL_INTERVAL_MS, undefined, { signal: timeout })
    response = await fetch(url, { headers, signal: timeout })
  }
  const { status } = (await response.json()) as { status: string }
  if (status !== 'processed') throw new Error(`image ${id} is ${status}`)
}
