import type { Problem } from './sheet.ts'

/** Why an upload failed. */
interface UploadProblem extends Problem {
  retryable: boolean
}

export const UNREACHABLE: UploadProblem = {
  title: 'Not sent',
  detail: 'Darkroom cannot be reached. Your picture is still on this page. Try again.',
  retryable: true,
}

/** Reads the API's problem document (RFC 9457). Any other response body means that the API was not reached. */
export function readProblem(body: string | undefined): UploadProblem {
  return parse(body) ?? UNREACHABLE
}

/** A gateway's error is JSON too, but has no `detail`. */
function parse(text = ''): UploadProblem | undefined {
  try {
    const { title, detail, retryable } = JSON.parse(text)
    return typeof detail === 'string'
      ? { title: String(title), detail, retryable: retryable === true }
      : undefined
  } catch {
    return undefined
  }
}

/** An error response of the API. The message is written for users. */
export class ApiError extends Error {
  readonly problem: UploadProblem

  constructor(body: string) {
    const problem = readProblem(body)
    super(problem.detail)
    this.problem = problem
  }
}
