import { ProblemError } from '@darkroom/core'

export interface UploadApiOptions {
  /** Without `/v1`. */
  url: string
  apiKey: string
}

export interface UploadApi {
  /**
   * Sends `GET /v1…` with this app's key.
   *
   * @throws ProblemError `storage-unavailable` if the API does not answer, `internal` if the key is refused
   */
  get(path: string, headers?: Record<string, string>, signal?: AbortSignal): Promise<Response>
}

/** Longer than the API holds an answer for `Prefer: wait=25`. */
const TIMEOUT_MS = 29_000

export function connectUploadApi({ url, apiKey }: UploadApiOptions, stopping: AbortSignal): UploadApi {
  const base = url.replace(/\/$/, '')
  return {
    async get(path, headers = {}, signal = stopping) {
      const response = await fetch(`${base}/v1${path}`, {
        headers: { ...headers, authorization: `Bearer ${apiKey}` },
        signal: AbortSignal.any([signal, stopping, AbortSignal.timeout(TIMEOUT_MS)]),
      }).catch((cause) => {
        throw unavailable(cause)
      })
      if (response.status !== 401 && response.status !== 403) return response
      const cause = `the upload API answered ${response.status}: is UPLOAD_API_KEY right?`
      throw new ProblemError(
        'internal',
        "Darkroom refused this application's API key. Its operator has to fix it.",
        { cause },
      )
    },
  }
}

function unavailable(cause: unknown): ProblemError {
  return new ProblemError('storage-unavailable', 'Darkroom does not respond. Try again in a moment.', {
    cause,
  })
}
