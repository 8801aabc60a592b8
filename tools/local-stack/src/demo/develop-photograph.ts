import { readFile } from 'node:fs/promises'
import type { ImageStatus, Problem } from '@darkroom/core'
import { APPS } from '../apps.ts'
import type { Endpoints } from '../endpoints.ts'
import type { Photograph } from './photographs.ts'

/** The way a photograph takes: straight to the upload API, or through Web App #2's backend and Kafka. */
export type Way = 'HTTP' | 'Kafka'

/** What became of one photograph, as its uploader sees it. */
export interface Outcome {
  photograph: Photograph
  way: Way
  bytes: number
  /** Milliseconds from the first byte sent to the answer that says how it ended. */
  milliseconds: number
  /** Absent if the upload itself was refused, or nothing was heard of it in time. */
  image?: ImageStatus
  /** Why it did not end well, in words. */
  problem?: string
}

/** An image that is not finished by then is reported as not finished. */
const PATIENCE = 120_000

/** Uploads a photograph and waits for its end, as a web application would. */
export async function developPhotograph(
  endpoints: Endpoints,
  way: Way,
  photograph: Photograph,
): Promise<Outcome> {
  const bytes = await readFile(photograph.path)
  const started = Date.now()
  const result = await uploadAndWait(endpoints, way, photograph.name, bytes)
  return { photograph, way, bytes: bytes.length, milliseconds: Date.now() - started, ...result }
}

async function uploadAndWait(
  endpoints: Endpoints,
  way: Way,
  name: string,
  bytes: Buffer<ArrayBuffer>,
): Promise<Pick<Outcome, 'image' | 'problem'>> {
  const uploaded = await UPLOADS[way](endpoints, name, bytes)
  if (!uploaded.ok) return { problem: await explain(uploaded) }
  const { links } = (await uploaded.json()) as { links: { self: string } }
  return waitForEnd(new URL(links.self, uploaded.url))
}

const authorization = `Bearer ${APPS['web-app-1'].apiKey}`

const UPLOADS: Record<Way, (to: Endpoints, name: string, bytes: Buffer<ArrayBuffer>) => Promise<Response>> = {
  HTTP: ({ uploadApi }, name, bytes) =>
    fetch(`${uploadApi}/v1/images?filename=${encodeURIComponent(name)}`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/octet-stream' },
      body: bytes,
    }),
  Kafka: ({ webApp2 }, name, bytes) => {
    const body = new FormData()
    body.set('file', new File([bytes], name))
    return fetch(`${webApp2}/api/images`, { method: 'POST', body })
  },
}

async function waitForEnd(url: URL): Promise<Pick<Outcome, 'image' | 'problem'>> {
  const deadline = Date.now() + PATIENCE
  while (Date.now() < deadline) {
    const answer = await fetch(url, { headers: { authorization, prefer: 'wait=20' } })
    if (!answer.ok) return { problem: await explain(answer) }
    const image = (await answer.json()) as ImageStatus
    if (image.status === 'failed')
      return { image, problem: `${image.failure?.title}. ${image.failure?.detail}` }
    if (image.status === 'processed') return { image }
  }
  return { problem: `It was not finished after ${PATIENCE / 1000} s.` }
}

async function explain(answer: Response): Promise<string> {
  const { title, detail } = (await answer.json().catch(() => ({}))) as Partial<Problem>
  return title ? `${title}. ${detail}` : `The API answered ${answer.status}.`
}
