import { type Credential, createCredentialSource } from './credential.ts'
import { parseJson, responseError, secondsOf } from './darkroom-error.ts'
import {
  createTransport,
  DEFAULT_STALL_TIMEOUT_MS,
  type Transport,
  type TransportRequest,
} from './transport.ts'

export interface ApiOptions {
  /** The API's URL without `/v1`. */
  url: string
  credential: Credential
  /** Milliseconds without progress after which an attempt ends and is retried. Default: 40 seconds. */
  stallTimeoutMs?: number | undefined
}

/** A request below `/v1`. */
export interface ApiRequest extends TransportRequest {
  path: string
}

/** The response that a request expects. Anything else is not from the API, whatever its status. */
interface Expected<Result> {
  status: 200 | 201 | 202
  isResult: (body: Result) => boolean
  /** Gets the seconds of `Retry-After`, if the response has it. */
  onRetryAfter?: (seconds: number) => void
}

export interface Api {
  /** Sends a request with the credential and returns the JSON response. @throws DarkroomError, or the signal's reason */
  ask<Result>(request: ApiRequest, expected: Expected<Result>): Promise<Result>
  /** Sends a request without the credential, to S3. */
  send: Transport
}

export function createApi({ url, credential, stallTimeoutMs = DEFAULT_STALL_TIMEOUT_MS }: ApiOptions): Api {
  const base = `${url.replace(/\/+$/, '')}/v1`
  const send = createTransport(stallTimeoutMs)
  const credentialFor = createCredentialSource(credential, stallTimeoutMs)
  return {
    send,
    async ask({ path, ...request }, { status, isResult, onRetryAfter }) {
      request.signal?.throwIfAborted()
      const sendWith = (token: string) =>
        send(base + path, { ...request, headers: { authorization: `Bearer ${token}`, ...request.headers } })
      const token = await credentialFor()
      let answer = await sendWith(token)
      if (answer.status === 401) {
        const next = await credentialFor(token)
        if (next !== token) answer = await sendWith(next)
      }
      const body = answer.status === status ? parseJson(answer.text) : undefined
      if (!body || !isResult(body)) throw responseError(answer)
      const retryAfter = secondsOf(answer.header('retry-after'))
      if (retryAfter !== undefined) onRetryAfter?.(retryAfter)
      return body
    },
  }
}
