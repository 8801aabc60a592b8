import { networkError, parseJson, type RawResponse, responseError } from './darkroom-error.ts'
import { page } from './page.ts'

/** A request below `/v1`. */
export interface ApiRequest {
  method?: 'POST' | 'PUT'
  path: string
  headers?: Record<string, string>
  body?: Blob | Uint8Array<ArrayBuffer> | FormData | string
  signal?: AbortSignal | undefined
}

/** Sends a request with `fetch`, or with XMLHttpRequest if upload progress is needed. */
export type Transport = (
  url: string,
  request: ApiRequest & { headers: Record<string, string> },
) => Promise<RawResponse>

/** The response that a request expects. Anything else is not from the API, whatever its status. */
interface Expected<Result> {
  status: 200 | 201 | 202
  isResult: (body: Result) => boolean
}

/**
 * Sends a request with the credential and returns the JSON response.
 *
 * @throws DarkroomError, or the signal's reason
 */
export type AskApi = <Result>(
  request: ApiRequest,
  expected: Expected<Result>,
  transport?: Transport,
) => Promise<Result>

export interface ApiOptions {
  url: string
  credential: string | (() => string | Promise<string>)
}

export function createAskApi({ url, credential }: ApiOptions): AskApi {
  const base = `${url.replace(/\/+$/, '')}/v1`
  return async (request, { status, isResult }, transport = withFetch) => {
    request.signal?.throwIfAborted()
    const token = typeof credential === 'function' ? await credential() : credential
    const headers = { authorization: `Bearer ${token}`, ...request.headers }
    const answer = await transport(base + request.path, { ...request, headers })
    const body = answer.status === status ? parseJson(answer.text) : undefined
    if (body && isResult(body)) return body
    throw responseError(answer)
  }
}

export const withFetch: Transport = async (url, { method = 'GET', headers, body, signal }) => {
  try {
    const request = { method, headers, ...(body && { body }), ...(signal && { signal }) }
    const response = await fetch(url, { ...request, cache: 'no-store' } as RequestInit)
    const text = await response.text()
    return { status: response.status, text, header: (name) => response.headers.get(name) }
  } catch (cause) {
    signal?.throwIfAborted()
    throw networkError(cause)
  }
}

/** Called with the sent part of the body, 0 to 1. */
type OnUploadProgress = (progress: number) => void

/**
 * A transport with XMLHttpRequest, which reports upload progress; `fetch` does not. Undefined in Node and in service
 * workers, which have no XMLHttpRequest.
 */
export function sendWithProgress(onUploadProgress: OnUploadProgress): Transport | undefined {
  const { XMLHttpRequest } = page
  if (!XMLHttpRequest) return undefined
  return (url, { method = 'GET', headers, body, signal }) =>
    new Promise((resolve, reject) => {
      const request = new XMLHttpRequest()
      const abort = () => {
        request.abort()
        reject(signal?.reason)
      }
      const settle = (finish: () => void) => () => {
        signal?.removeEventListener('abort', abort)
        finish()
      }
      request.upload.onprogress = ({ loaded, total }) => onUploadProgress(loaded / total)
      request.onerror = settle(() => reject(networkError()))
      request.onload = settle(() =>
        resolve({
          status: request.status,
          text: request.responseText,
          header: (name) => request.getResponseHeader(name),
        }),
      )
      request.open(method, url)
      for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value)
      signal?.addEventListener('abort', abort)
      if (signal?.aborted) abort()
      else request.send(body)
    })
}
