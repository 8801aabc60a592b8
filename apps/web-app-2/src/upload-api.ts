import { ProblemError } from '@darkroom/core'

export interface UploadApiOptions {
  /** Without `/v1`. */
  url: string
  apiKey: string
}

export interface UploadApi {
  /**
   * Asks `GET /v1…` with this app's key.
   *
   * @throws ProblemError `storage-unavailable` if there is no answer, `internal` if the key is not accepted
   */
  get(path: string, headers?: Record<string, string>, signal?: AbortSignal): Promise<Response>
}

/** Milliseconds: longer than the API may hold an answer back on `Prefer: wait=25`. */
const ANSWER_WITHIN = 29_000

export function connectUploadApi({ url, apiKey }: UploadApiOptions, stopping: AbortSignal): UploadApi {
  const base = url.replace(/\/$/, '')
  return {
    async get(path, headers = {}, signal = stopping) {
      const response = await fetch(`${base}/v1${path}`, {
        headers: { ...headers, authorization: `Bearer ${apiKey}` },
        signal: AbortSignal.any([signal, stopping, AbortSignal.timeout(ANSWER_WITHIN)]),
      }).catch((cause) => {
        throw unavailable(cause)
      })
      if (response.status !== 401 && response.status !== 403) return response
      const cause = `the upload API answered ${response.status}: is UPLOAD_API_KEY right?`
      throw new ProblemError(
        'internal',
        'This app may not ask Darkroom just now. Its operator has to look.',
        { cause },
      )
    },
  }
}

function unavailable(cause: unknown): ProblemError {
  return new ProblemError(
    'storage-unavailable',
    'Darkroom does not answer just now. Ask again in a moment.',
    { cause },
  )
}
