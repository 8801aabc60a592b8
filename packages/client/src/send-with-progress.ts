import type { Transport } from './ask-api.ts'
import { networkError } from './darkroom-error.ts'
import { page } from './page.ts'

/** Told how much of the body has left, from 0 to 1. */
type OnShare = (share: number) => void

/**
 * The one way in which a browser tells how much of a body it has sent; `fetch` does not. Undefined where there
 * is no XMLHttpRequest: in Node, and in a service worker.
 */
export function sendWithProgress(onShare: OnShare): Transport | undefined {
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
      request.upload.onprogress = ({ loaded, total }) => onShare(loaded / total)
      request.onerror = settle(() => reject(networkError()))
      request.onload = settle(() =>
        resolve({
          status: request.status,
          text: request.responseText,
          retryAfter: request.getResponseHeader('retry-after'),
        }),
      )
      request.open(method, url)
      for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value)
      signal?.addEventListener('abort', abort)
      if (signal?.aborted) abort()
      else request.send(body)
    })
}
