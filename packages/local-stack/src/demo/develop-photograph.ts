import { readFile } from 'node:fs/promises'
import type { ImageStatus, Problem, UploadAccepted } from '@darkroom/core'
import type { Photograph } from './photographs.ts'

/** What became of one photograph, as its uploader sees it. */
export interface Outcome {
  photograph: Photograph
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

/** Uploads a photograph to the API and waits for its end, as a web application would. */
export async function developPhotograph(
  api: string,
  apiKey: string,
  photograph: Photograph,
): Promise<Outcome> {
  const bytes = await readFile(photograph.path)
  const started = Date.now()
  const result = await uploadAndWait(api, apiKey, photograph.name, bytes)
  return { photograph, bytes: bytes.length, milliseconds: Date.now() - started, ...result }
}

async function uploadAndWait(
  api: string,
  apiKey: string,
  name: string,
  bytes: Buffer<ArrayBuffer>,
): Promise<Pick<Outcome, 'image' | 'problem'>> {
  const authorization = `Bearer ${apiKey}`
  const uploaded = await fetch(`${api}/v1/images?filename=${encodeURIComponent(name)}`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/octet-stream' },
    body: bytes,
  })
  if (!uploaded.ok) return { problem: await explain(uploaded) }
  const { links } = (await uploaded.json()) as UploadAccepted
  return waitForEnd(api + links.self, authorization)
}

async function waitForEnd(url: string, authorization: string): Promise<Pick<Outcome, 'image' | 'problem'>> {
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
