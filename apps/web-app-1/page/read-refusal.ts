import type { Trouble } from './sheet.ts'

interface Refusal extends Trouble {
  retryable: boolean
}

export const UNREACHED: Refusal = {
  title: 'Not sent',
  detail: 'Darkroom cannot be reached just now. The picture is kept on this page: try again.',
  retryable: true,
}

/** Why an upload came to nothing: the API's problem (RFC 9457), or that there was no answer of its own. */
export function readRefusal(answer: string | undefined): Refusal {
  const refusal = parse(answer)
  if (!refusal) return UNREACHED
  return { title: refusal.title, detail: refusal.detail, retryable: refusal.retryable }
}

/** A gateway's answer is JSON too, without these. */
function parse(text = ''): Refusal | undefined {
  try {
    const { title, detail, retryable } = JSON.parse(text)
    return typeof detail === 'string'
      ? { title: String(title), detail, retryable: retryable === true }
      : undefined
  } catch {
    return undefined
  }
}
