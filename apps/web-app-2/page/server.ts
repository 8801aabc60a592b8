import type { ImageStatus } from '@darkroom/core'
import { v7 } from 'uuid'

/** A picture as the backend returns it. Only `id` and `status` are set until Darkroom has received it. */
export type Picture = Pick<ImageStatus, 'id' | 'status'> & Partial<ImageStatus>

export interface Problem {
  detail: string
  /** 0 if the server did not respond. */
  status: number
  retryable: boolean
  type?: string
}
export type Answer<Body> = { body: Body } | { problem: Problem }

export interface PictureList {
  items: Picture[]
  cursor?: string
}

export interface PictureSelection {
  items: Picture[]
  notFound: string[]
}

const UNREACHABLE: Problem = {
  status: 0,
  detail: 'The server does not respond. Check your connection.',
  retryable: true,
}

/** An upload or a request without progress for this long counts as failed. Long polls take up to 20 seconds. */
const STALL_TIMEOUT_MS = 40_000

/** How far this device's clock is behind the server's. */
let clockOffsetMs = 0

export async function getJson<Body>(path: string, waitSeconds = 0): Promise<Answer<Body>> {
  try {
    const response = await fetch(path, {
      headers: waitSeconds ? { prefer: `wait=${waitSeconds}` } : {},
      cache: 'no-store',
      signal: AbortSignal.timeout(STALL_TIMEOUT_MS),
    })
    const serverTime = Date.parse(response.headers.get('date') ?? '')
    if (serverTime) clockOffsetMs = serverTime - Date.now()
    const body = await response.json()
    return response.ok ? { body } : { problem: toProblem(response.status, body) }
  } catch {
    return { problem: UNREACHABLE }
  }
}

/** A key contains the time, which becomes the picture's date, so it has to be the server's time. */
export function newPictureKey(): string {
  return v7({ msecs: Date.now() + clockOffsetMs })
}

export interface Upload {
  key: string
  name: string
  note: string
  file: Blob
}

/** Uploads a picture. Uses XMLHttpRequest, because fetch does not report upload progress. */
export function sendPicture(
  { key, name, note, file }: Upload,
  onProgress: (progress: number) => void,
): Promise<Answer<{ id: string }>> {
  const form = new FormData()
  if (note) form.append('attributes', JSON.stringify({ note }))
  form.append('file', file, name)
  const request = new XMLHttpRequest()
  let stall: ReturnType<typeof setTimeout> | undefined
  const restartStallTimer = () => {
    clearTimeout(stall)
    stall = setTimeout(() => request.abort(), STALL_TIMEOUT_MS)
  }
  request.open('POST', '/api/images')
  request.setRequestHeader('idempotency-key', key)
  request.responseType = 'json'
  request.upload.onprogress = ({ loaded, total }) => {
    restartStallTimer()
    onProgress(loaded / total)
  }
  restartStallTimer()
  request.send(form)
  return new Promise((resolve) => {
    request.onloadend = () => {
      clearTimeout(stall)
      resolve(toAnswer(request))
    }
  })
}

/** Only 202 with an id is an upload; a proxy in between may answer anything. */
function toAnswer({ status, response }: XMLHttpRequest): Answer<{ id: string }> {
  if (status === 202 && response?.id) return { body: response }
  if (status === 0) return { problem: UNREACHABLE }
  return { problem: toProblem(status, response) }
}

function toProblem(status: number, body: Partial<Problem> | null): Problem {
  const retryable = status < 400 || status === 408 || status === 425 || status === 429 || status >= 500
  const detail = `The server returned ${status}.`
  return { retryable, ...body, detail: body?.detail ?? detail, status }
}
