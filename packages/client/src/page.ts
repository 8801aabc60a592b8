/**
 * The browser globals that the client uses. All are undefined elsewhere. Typed here, so that the client compiles with
 * and without TypeScript's DOM library.
 */
interface Page {
  document?: EventTarget & { hidden: boolean }
  navigator?: { onLine?: boolean }
  addEventListener?: EventTarget['addEventListener']
  removeEventListener?: EventTarget['removeEventListener']
  XMLHttpRequest?: new () => XmlHttpRequest
}

/** https://xhr.spec.whatwg.org */
interface XmlHttpRequest {
  readonly status: number
  readonly responseText: string
  readonly upload: { onprogress: ((event: { loaded: number; total: number }) => void) | null }
  onprogress: (() => void) | null
  onload: (() => void) | null
  onerror: (() => void) | null
  onabort: (() => void) | null
  ontimeout: (() => void) | null
  open(method: string, url: string): void
  setRequestHeader(name: string, value: string): void
  getResponseHeader(name: string): string | null
  send(body: unknown): void
  abort(): void
}

export const page = globalThis as unknown as Page

export const isHidden = () => page.document?.hidden === true
export const isOffline = () => page.navigator?.onLine === false

/** Calls back when the page is shown or online again. Returns a function that stops listening. */
export function onReturn(callback: () => void): () => void {
  page.document?.addEventListener('visibilitychange', callback)
  page.addEventListener?.('online', callback)
  return () => {
    page.document?.removeEventListener('visibilitychange', callback)
    page.removeEventListener?.('online', callback)
  }
}
