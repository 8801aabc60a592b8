import { networkError, type RawResponse } from './darkroom-error.ts'
import { page } from './page.ts'

/**
 * Milliseconds without progress after which an attempt ends. An API gateway gives up after 30 seconds, so a slow server
 * has answered by then.
 */
export const DEFAULT_STALL_TIMEOUT_MS = 40_000
/** `fetch` reports no upload progress: it gets the time that a body takes at 16 KB/s, in addition. */
const MIN_FETCH_BYTES_PER_MS = 16

export interface TransportRequest {
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE'
  headers?: Record<string, string>
  body?: Blob | Uint8Array<ArrayBuffer> | FormData | string
  /** The size of the body, if it is large enough to matter. */
  bodyBytes?: number
  /** Called with the sent part of the body, 0 to 1. Only browsers report it. */
  onUploadProgress?: ((progress: number) => void) | undefined
  signal?: AbortSignal | undefined
}

/** Sends a request. @throws DarkroomError `network` if there is no response, or the signal's reason */
export type Transport = (url: string, request: TransportRequest) => Promise<RawResponse>

/** XMLHttpRequest reports upload progress, `fetch` does not. Node and service workers only have `fetch`. */
export function createTransport(stallTimeoutMs: number): Transport {
  return (url, request) => {
    request.signal?.throwIfAborted()
    const send = request.onUploadProgress && page.XMLHttpRequest ? withXmlHttpRequest : withFetch
    return send(url, request, stallTimeoutMs)
  }
}

/** Calls back once there was no progress for a while. */
function createStallTimer(timeoutMs: number, onStall: () => void) {
  let timer = setTimeout(onStall, timeoutMs)
  const stop = () => clearTimeout(timer)
  const restart = () => {
    stop()
    timer = setTimeout(onStall, timeoutMs)
  }
  return { restart, stop }
}

async function withFetch(
  url: string,
  { method = 'GET', headers = {}, body, bodyBytes = 0, signal }: TransportRequest,
  stallTimeoutMs: number,
): Promise<RawResponse> {
  const stalled = new AbortController()
  const timer = createStallTimer(stallTimeoutMs + bodyBytes / MIN_FETCH_BYTES_PER_MS, () => stalled.abort())
  const eitherSignal = AbortSignal.any(signal ? [signal, stalled.signal] : [stalled.signal])
  try {
    const request = { method, headers, ...(body && { body }), signal: eitherSignal, cache: 'no-store' }
    const response = await fetch(url, request as RequestInit)
    timer.restart()
    const text = await response.text()
    return { status: response.status, text, header: (name) => response.headers.get(name) }
  } catch (cause) {
    signal?.throwIfAborted()
    throw networkError(cause)
  } finally {
    timer.stop()
  }
}

function withXmlHttpRequest(
  url: string,
  { method = 'GET', headers = {}, body, onUploadProgress, signal }: TransportRequest,
  stallTimeoutMs: number,
): Promise<RawResponse> {
  const request = new (page.XMLHttpRequest as NonNullable<typeof page.XMLHttpRequest>)()
  const abort = () => request.abort()
  const timer = createStallTimer(stallTimeoutMs, abort)
  const sending = new Promise<RawResponse>((resolve, reject) => {
    const fail = () => reject(signal?.aborted ? signal.reason : networkError())
    request.upload.onprogress = ({ loaded, total }) => {
      timer.restart()
      onUploadProgress?.(loaded / total)
    }
    request.onprogress = timer.restart
    request.onerror = fail
    request.onabort = fail
    request.ontimeout = fail
    request.onload = () =>
      resolve({
        status: request.status,
        text: request.responseText,
        header: (name) => request.getResponseHeader(name),
      })
    request.open(method, url)
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value)
    signal?.addEventListener('abort', abort)
    request.send(body)
  })
  return sending.finally(() => {
    timer.stop()
    signal?.removeEventListener('abort', abort)
  })
}
