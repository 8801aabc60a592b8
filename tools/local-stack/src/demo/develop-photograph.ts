import { readFile } from 'node:fs/promises'
import { type ImageStatus, MAX_UPLOAD_BYTES, type Problem } from '@darkroom/core'
import { APPS } from '../apps.ts'
import type { Endpoints } from '../endpoints.ts'
import { type Photograph, reasonOf } from './photographs.ts'

/** How a photograph is sent: to the upload API, or through Web App #2's backend and Kafka. */
export type Way = 'HTTP' | 'Kafka'

/** The result for one photograph, as its uploader sees it. */
export interface Outcome {
  photograph: Photograph
  way: Way
  bytes: number
  /** Time from the start of the upload to the final status. */
  milliseconds: number
  /** Absent if the upload was rejected or the image was not finished in time. */
  image?: ImageStatus
  /** Why it failed, for the user. */
  problem?: string
}

const TIMEOUT_MS = 120_000

/** Uploads a photograph and waits for its final status, as a web application would. */
export async function developPhotograph(
  endpoints: Endpoints,
  way: Way,
  photograph: Photograph,
): Promise<Outcome> {
  if (photograph.problem) return unsent(photograph, way, photograph.problem)
  const bytes = await readFile(photograph.path).catch(reasonOf)
  if (typeof bytes === 'string') return unsent(photograph, way, bytes)
  const started = Date.now()
  const result = await uploadAndWait(endpoints, way, photograph.name, bytes)
  return { photograph, way, bytes: bytes.length, milliseconds: Date.now() - started, ...result }
}

function unsent(photograph: Photograph, way: Way, problem: string): Outcome {
  return { photograph, way, bytes: 0, milliseconds: 0, problem }
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
  return waitUntilFinal(new URL(links.self, uploaded.url))
}

const authorization = `Bearer ${APPS['web-app-1'].apiKey}`

const UPLOADS: Record<Way, (to: Endpoints, name: string, bytes: Buffer<ArrayBuffer>) => Promise<Response>> = {
  HTTP: ({ uploadApi }, name, bytes) =>
    bytes.length > MAX_UPLOAD_BYTES
      ? uploadDirectly(uploadApi, name, bytes)
      : fetch(`${uploadApi}/v1/images?filename=${encodeURIComponent(name)}`, {
          method: 'POST',
          headers: { authorization, 'content-type': 'application/octet-stream' },
          body: bytes,
        }),
  Kafka: sendToFieldNotes,
}

/** As its page does: its backend writes to Kafka. */
export function sendToFieldNotes(
  { webApp2 }: Pick<Endpoints, 'webApp2'>,
  name: string,
  bytes: Buffer<ArrayBuffer>,
): Promise<Response> {
  const body = new FormData()
  body.set('file', new File([bytes], name))
  return fetch(`${webApp2}/api/images`, { method: 'POST', body })
}

/** To S3, for what the API does not take itself. */
async function uploadDirectly(
  uploadApi: string,
  name: string,
  bytes: Buffer<ArrayBuffer>,
): Promise<Response> {
  const headers = { authorization, 'content-type': 'application/json' }
  const contentType = 'application/octet-stream'
  const begun = await fetch(`${uploadApi}/v1/uploads`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ bytes: bytes.length, contentType, filename: name }),
  })
  if (!begun.ok) return begun
  const { url, fields, links } = (await begun.json()) as CreatedUpload
  const form = new FormData()
  for (const [field, value] of Object.entries(fields)) form.set(field, value)
  form.set('file', new Blob([bytes]))
  const stored = await fetch(url, { method: 'POST', body: form })
  return stored.ok ? fetch(new URL(links.complete, begun.url), { method: 'POST', headers }) : stored
}

interface CreatedUpload {
  url: string
  fields: Record<string, string>
  links: { complete: string }
}

async function waitUntilFinal(url: URL): Promise<Pick<Outcome, 'image' | 'problem'>> {
  const deadline = Date.now() + TIMEOUT_MS
  while (Date.now() < deadline) {
    const answer = await fetch(url, { headers: { authorization, prefer: 'wait=20' } })
    if (!answer.ok) return { problem: await explain(answer) }
    const image = (await answer.json()) as ImageStatus
    if (image.status === 'failed') return { image, problem: inWords(image.failure ?? {}) }
    if (image.status === 'processed') return { image }
  }
  return { problem: `Not finished after ${TIMEOUT_MS / 1000} s.` }
}

async function explain(answer: Response): Promise<string> {
  const problem = (await answer.json().catch(() => ({}))) as Partial<Problem>
  return problem.title ? inWords(problem) : `The API returned ${answer.status}.`
}

/** Some details begin with the title. */
export function inWords({ title = '', detail = '' }: Partial<Pick<Problem, 'title' | 'detail'>>): string {
  return detail.startsWith(title) ? detail : `${title}. ${detail}`
}
