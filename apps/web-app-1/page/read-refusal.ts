import type { Trouble } from './sheet.ts'

interface Refusal extends Trouble {
  retryable: boolean
}

const UNREACHED = {
  title: 'Not sent',
  detail: 'Darkroom cannot be reached just now. The picture is kept on this page: try again.',
  retryable: true,
}

/** Why an upload came to nothing: the API's problem (RFC 9457), or that there was no answer of its own. */
export function readRefusal(request: XMLHttpRequest | undefined): Refusal {
  const answer = parse(request?.responseText)
  if (!answer) return UNREACHED
  return { title: answer.title, detail: answer.detail, retryable: answer.retryable }
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
