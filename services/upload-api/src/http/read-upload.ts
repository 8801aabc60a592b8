import { Attributes, Filename, MAX_UPLOAD_BYTES, ProblemError, UploadRequest } from '@darkroom/core'
import type { ApiEvent } from './api-event.ts'
import { parseOrRefuse } from './parse-or-refuse.ts'

/** The image of an upload, whatever form the request had. */
export interface Upload {
  bytes: Buffer
  declaredType?: string | undefined
  filename?: string | undefined
  attributes?: Attributes | undefined
}

/**
 * Reads the image out of a request in any of its forms: JSON with base64, multipart/form-data, raw bytes.
 *
 * @throws ProblemError `malformed-request`, `empty-body`, `payload-too-large`, `unsupported-media-type`
 */
export async function readUpload(event: ApiEvent): Promise<Upload> {
  const contentType = event.headers['content-type']?.toLowerCase() ?? 'application/octet-stream'
  const mediaType = contentType.split(';', 1)[0]?.trim() ?? ''
  const upload = await readerFor(mediaType)(event)
  if (upload.bytes.length === 0)
    throw new ProblemError('empty-body', 'The request has no image in it. Send its bytes.')
  if (upload.bytes.length > MAX_UPLOAD_BYTES) {
    const size = (upload.bytes.length / 1024 / 1024).toFixed(1)
    throw new ProblemError(
      'payload-too-large',
      `The image has ${size} MB; this way in takes up to 4 MB. Send it smaller.`,
    )
  }
  return upload
}

function readerFor(mediaType: string): (event: ApiEvent) => Upload | Promise<Upload> {
  if (mediaType === 'application/json' || mediaType.endsWith('+json')) return readJson
  if (mediaType === 'multipart/form-data') return readMultipart
  if (mediaType === 'application/octet-stream' || mediaType.startsWith('image/')) return readRaw
  throw new ProblemError(
    'unsupported-media-type',
    `Content-Type is ${mediaType}. Send the bytes as image/jpeg (or their own type) or application/octet-stream, a multipart/form-data with a part "file", or application/json with "data" in base64.`,
  )
}

function readJson(event: ApiEvent): Upload {
  const { data, filename, attributes } = parseOrRefuse(UploadRequest, event.body, 'body')
  return { bytes: decodeBase64(data), filename, attributes }
}

/** Node ignores characters that are not base64; a client that sends such has made a mistake and should hear of it. */
function decodeBase64(data: string): Buffer {
  const bytes = Buffer.from(data, 'base64')
  if (bytes.toString('base64') === data) return bytes
  throw new ProblemError(
    'malformed-request',
    'body.data is not base64 (RFC 4648, section 4, with padding; no line breaks, no "data:" prefix).',
  )
}

async function readMultipart(event: ApiEvent): Promise<Upload> {
  const form = await parseForm(event)
  const file = form.get('file')
  if (!(file instanceof File)) {
    throw new ProblemError('empty-body', 'The form has no file part named "file". Put the image there.')
  }
  return {
    bytes: Buffer.from(await file.arrayBuffer()),
    declaredType: file.type,
    filename: readFilename(file.name),
    attributes: readAttributes(form.get('attributes')),
  }
}

/** By the platform's own parser of RFC 7578. */
async function parseForm(event: ApiEvent): Promise<FormData> {
  const headers = { 'content-type': event.headers['content-type'] ?? '' }
  try {
    return await new Response(rawBody(event), { headers }).formData()
  } catch (cause) {
    throw new ProblemError(
      'malformed-request',
      'The multipart/form-data body could not be read to its end.',
      { cause },
    )
  }
}

function readAttributes(part: File | string | null): Attributes | undefined {
  if (part === null) return undefined
  if (typeof part !== 'string')
    throw new ProblemError('malformed-request', 'attributes: must be a JSON text, not a file')
  try {
    return parseOrRefuse(Attributes, JSON.parse(part), 'attributes')
  } catch (error) {
    if (error instanceof ProblemError) throw error
    throw new ProblemError('malformed-request', 'attributes: is not valid JSON', { cause: error })
  }
}

function readRaw(event: ApiEvent): Upload {
  return {
    bytes: rawBody(event),
    declaredType: event.headers['content-type'],
    filename: readFilename(event.queryStringParameters?.filename),
  }
}

/** A name that is not usable is no reason to refuse an image. */
function readFilename(name: string | undefined): string | undefined {
  return Filename.safeParse(name).data
}

function rawBody({ body, isBase64Encoded }: ApiEvent): Buffer<ArrayBuffer> {
  return Buffer.from(typeof body === 'string' ? body : '', isBase64Encoded ? 'base64' : 'utf8')
}
