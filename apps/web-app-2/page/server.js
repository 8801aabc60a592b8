// @ts-check
import { setClock } from './image-key.js'

/** @import { ImageStatus } from '@darkroom/core' */

/**
 * An image as the app's backend returns it. While it is in Kafka, only `id` and `status: 'queued'` are set.
 * @typedef {Pick<ImageStatus, 'id' | 'status'> & Partial<ImageStatus>} Image
 * @typedef {{ detail: string, status: number, retryable: boolean }} Problem
 * @typedef {{ items: Image[] }} Recent
 */

const UNREACHABLE = {
  status: 0,
  detail: 'The server is not responding. Check your connection.',
  retryable: true,
}

/**
 * @overload @param {'/api/images'} path @returns {Promise<Recent | { problem: Problem }>}
 */
/**
 * @overload @param {'/api/limits'} path @returns {Promise<{ maxImageBytes: number } | { problem: Problem }>}
 */
/**
 * @overload @param {string} path @param {number} [wait] seconds @returns {Promise<Image | { problem: Problem }>}
 */
/** @param {string} path @param {number} [wait] */
export async function getJson(path, wait) {
  try {
    const response = await fetch(path, { headers: wait ? { prefer: `wait=${wait}` } : {}, cache: 'no-store' })
    setClock(response.headers.get('date'))
    const body = await response.json()
    return response.ok ? body : { problem: toProblem(response.status, body) }
  } catch {
    return { problem: UNREACHABLE }
  }
}

/**
 * Uploads a file. Uses XMLHttpRequest, because fetch does not report upload progress.
 *
 * @param {{ file: File, note: string, key: string, onProgress: (progress: number) => void }} upload
 * @returns {Promise<{ id: string } | { problem: Problem }>}
 */
export function sendImage({ file, note, key, onProgress }) {
  const form = new FormData()
  if (note) form.append('attributes', JSON.stringify({ note }))
  form.append('file', file)
  const request = new XMLHttpRequest()
  request.open('POST', '/api/images')
  request.setRequestHeader('idempotency-key', key)
  request.responseType = 'json'
  request.upload.onprogress = ({ loaded, total }) => onProgress(loaded / total)
  request.send(form)
  return new Promise((resolve) => {
    request.onerror = () => resolve({ problem: UNREACHABLE })
    request.onload = () =>
      resolve(
        request.status === 202 ? request.response : { problem: toProblem(request.status, request.response) },
      )
  })
}

/** @param {number} status @param {Partial<Problem> | null} body @returns {Problem} */
function toProblem(status, body) {
  return { detail: `The server returned ${status}. Try again.`, retryable: status >= 500, ...body, status }
}
