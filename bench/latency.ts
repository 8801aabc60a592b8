/**
 * Measures how long a user waits: photographs of 2 to 3 megapixels are uploaded to the local stack at a steady rate and
 * followed until they are final. `pnpm bench:latency [--images N] [--rate PER_SECOND] [--photos DIR]`
 */

import { readFile } from 'node:fs/promises'
import { freePorts, type Stack, startStack } from '@darkroom/local-stack'
import { scriptOptions } from '@darkroom/terminal'
import { photographs } from '../services/image-processor/test/bench-photographs.ts'
import { atSteadyRate } from './at-steady-rate.ts'
import { printPercentiles } from './percentile-table.ts'

const { values: options } = scriptOptions(import.meta.filename, {
  options: {
    images: { type: 'string', default: '200' },
    rate: { type: 'string', default: '2' },
    photos: { type: 'string' },
  },
})
const images = Number(options.images)

/** Megapixels. */
const SIZES = [2.2, 2.5, 3]
/** Warm-up images, so that every function has started. */
const WARM_UP = 6

interface Sample {
  /** Milliseconds from the request to 202. */
  upload: number
  /** Milliseconds from 202 until the status is processed. */
  processed: number
}

async function send({ endpoints }: Stack, bytes: Buffer<ArrayBuffer>): Promise<Sample> {
  const authorization = `Bearer ${endpoints.apps['web-app-1']?.apiKey}`
  const started = performance.now()
  const answer = await fetch(`${endpoints.uploadApi}/v1/images`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'image/jpeg' },
    body: bytes,
  })
  const accepted = performance.now()
  if (answer.status !== 202) throw new Error(`the upload returned ${answer.status}: ${await answer.text()}`)
  const { links } = (await answer.json()) as { links: { self: string } }
  const end = await fetch(endpoints.uploadApi + links.self, { headers: { authorization, prefer: 'wait=25' } })
  const { status } = (await end.json()) as { status: string }
  if (status !== 'processed') throw new Error(`an image is ${status} after 25 s`)
  return { upload: accepted - started, processed: performance.now() - accepted }
}

async function measure(stack: Stack): Promise<Sample[]> {
  const found = await photographs(SIZES, options.photos)
  const files = await Promise.all(found.map(({ path }) => readFile(path)))
  const pick = (index: number) => files[index % files.length] ?? Buffer.alloc(0)
  for (let index = 0; index < WARM_UP; index++) await send(stack, pick(index))
  console.log(
    `Sending ${images} photographs at ${options.rate}/s: ${found.map(({ name, megapixels }) => `${name} (${megapixels.toFixed(1)} MP)`).join(', ')} …`,
  )
  return atSteadyRate(images, Number(options.rate), (index) => send(stack, pick(index)))
}

const stack = await startStack({ ports: await freePorts() })
try {
  const samples = await measure(stack)
  printPercentiles({
    'request → 202': samples.map(({ upload }) => upload),
    '202 → processed': samples.map(({ processed }) => processed),
    'request → processed': samples.map(({ upload, processed }) => upload + processed),
  })
} finally {
  await stack.stop()
}
