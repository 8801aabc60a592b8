import { randomUUID } from 'node:crypto'
import { deriveImageId, newImageId } from '@darkroom/core'
import { findPhotographs } from '@darkroom/local-stack'
import { Producer } from '@platformatic/kafka'
import sharp from 'sharp'
import type { CountedStack } from './counted-stack.ts'

const TYPICAL_BYTES = 350_000
const TYPE = 'image/jpeg'

/** A photograph of about 350 KB. */
export async function typicalPhotograph(): Promise<Buffer> {
  const [photograph] = await findPhotographs([])
  if (!photograph) throw new Error('there are no photographs')
  let picture = Buffer.alloc(0)
  for (let width = 3200; width > 400; width -= 100) {
    picture = await sharp(photograph.path).resize(width).jpeg({ quality: 88 }).toBuffer()
    if (picture.length <= TYPICAL_BYTES) break
  }
  return picture
}

/** A client that sends one image and waits for its result. */
interface Client {
  send(image: Buffer): Promise<void>
  /** Requests to the API since the last call. */
  takeCalls(): number
  close(): Promise<void>
}

/** The fields that are used, of any of the API's answers. */
interface Answer {
  id?: string
  status?: string
  url?: string
  fields?: Record<string, string>
  items?: { status?: string }[]
}

type Open = (stack: CountedStack) => Client

/** The ways in which an image arrives. */
export const WAYS: Record<string, Open> = {
  HTTP: (stack) => {
    const api = openApi(stack)
    return {
      ...api,
      async send(image) {
        const { id } = await api.call('/v1/images', {
          method: 'POST',
          headers: { 'content-type': TYPE, 'idempotency-key': newImageId() },
          body: new Uint8Array(image),
        })
        await api.waitFor(String(id))
      },
    }
  },
  'direct to S3': (stack) => {
    const api = openApi(stack)
    return {
      ...api,
      async send(image) {
        const request = { bytes: image.length, contentType: TYPE }
        const { id, url, fields = {} } = await api.call('/v1/uploads', json(request))
        const form = new FormData()
        for (const [name, value] of Object.entries(fields)) form.set(name, value)
        form.set('file', new Blob([new Uint8Array(image)], { type: TYPE }))
        const answer = await fetch(String(url), { method: 'POST', body: form })
        if (!answer.ok) throw new Error(`S3 answered ${answer.status}`)
        await api.call(`/v1/uploads/${id}/complete`, { method: 'POST' })
        await api.waitFor(String(id))
      },
    }
  },
  Kafka: (stack) => {
    const api = openApi(stack)
    const producer = new Producer({ clientId: 'cost', bootstrapBrokers: [stack.brokers] })
    return {
      ...api,
      async send(image) {
        const event = { source: '/cost', id: randomUUID(), time: new Date() }
        const headers = {
          ce_specversion: '1.0',
          ce_id: event.id,
          ce_source: event.source,
          ce_type: 'image.submitted.v1',
          ce_time: event.time.toISOString(),
          'content-type': TYPE,
        }
        const named = Object.entries(headers).map(
          ([name, text]) => [Buffer.from(name), Buffer.from(text)] as const,
        )
        await producer.send({
          acks: -1,
          messages: [{ topic: stack.topic, partition: 0, value: image, headers: new Map(named) }],
        })
        const imageId = deriveImageId({ ...event, app: 'web-app-2' })
        await api.waitFor(imageId, `/v1/images?ids=${imageId}`)
      },
      close: () => producer.close(),
    }
  },
}

function openApi({ uploadApi, authorization }: CountedStack) {
  let calls = 0
  async function call(path: string, init: RequestInit): Promise<Answer> {
    calls += 1
    const answer = await fetch(uploadApi + path, { ...init, headers: { ...init.headers, authorization } })
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`)
    return (await answer.json()) as Answer
  }
  return {
    call,
    /** Until the image is processed. An id that is still in Kafka is only waited for with `ids`. */
    async waitFor(id: string, path = `/v1/images/${id}`): Promise<void> {
      for (;;) {
        const answer = await call(path, { headers: { prefer: 'wait=20' } })
        const status = answer.items ? answer.items[0]?.status : answer.status
        if (status === 'processed') return
        if (status === 'failed') throw new Error(`${id} failed`)
      }
    },
    takeCalls() {
      const taken = calls
      calls = 0
      return taken
    },
    close: async () => {},
  }
}

const json = (body: object) => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})
