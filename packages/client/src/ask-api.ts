import { type Answer, networkError, refusal } from './darkroom-error.ts'

/** A request below `/v1`. */
export interface ApiRequest {
  method?: 'POST' | 'PUT'
  path: string
  headers?: Record<string, string>
  body?: Blob | Uint8Array<ArrayBuffer> | FormData | string
  signal?: AbortSignal | undefined
}

/** How a request travels: with `fetch`, or with an XMLHttpRequest where progress is asked for. */
export type Transport = (
  url: string,
  request: ApiRequest & { headers: Record<string, string> },
) => Promise<Answer>

/** Sends a request with the credential and gives the JSON of its answer. @throws DarkroomError, or the signal's reason */
export type AskApi = <Result>(request: ApiRequest, transport?: Transport) => Promise<Result>

export interface ApiOptions {
  url: string
  credential: string | (() => string | Promise<string>)
}

export function createAskApi({ url, credential }: ApiOptions): AskApi {
  const base = `${url.replace(/\/+$/, '')}/v1`
  return async (request, transport = withFetch) => {
    request.signal?.throwIfAborted()
    const token = typeof credential === 'function' ? await credential() : credential
    const headers = { authorization: `Bearer ${token}`, ...request.headers }
    const answer = await transport(base + request.path, { ...request, headers })
    if (answer.status < 200 || answer.status > 299) throw refusal(answer)
    return parse(answer)
  }
}

function parse(answer: Answer) {
  try {
    return JSON.parse(answer.text)
  } catch {
    throw refusal(answer)
  }
}

export const withFetch: Transport = async (url, { method = 'GET', headers, body, signal }) => {
  try {
    const request = { method, headers, ...(body && { body }), ...(signal && { signal }) }
    const response = await fetch(url, { ...request, cache: 'no-store' } as RequestInit)
    const text = await response.text()
    return { status: response.status, text, retryAfter: response.headers.get('retry-after') }
  } catch (cause) {
    signal?.throwIfAborted()
    throw networkError(cause)
  }
}
