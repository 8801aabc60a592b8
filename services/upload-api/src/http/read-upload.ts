import { createHash } from 'node:crypto'
import {
  type Attributes,
  decodeBase64,
  Filename,
  isJson,
  MAX_UPLOAD_BYTES,
  mediaTypeOf,
  ProblemError,
  parseOrRefuse,
  readAttributes,
  Uploader,
  UploadRequest,
} from '@darkroom/core'
import { parseDictionary } from 'structured-headers'
import { readForm, textOf } from './read-form.ts'
import type { ApiEvent } from './request.ts'

/** The image of an upload, independent of the request's format. */
export interface Upload {
  bytes: Buffer
  declaredType?: string | undefined
  filename?: string | undefined
  attributes?: Attributes | undefined
  /** As the request names it. */
  uploader?: string | undefined
}

/**
 * Reads the image from a request in any format (JSON with base64, multipart/form-data, raw bytes), and checks it against
 * `Repr-Digest`.
 *
 * @throws ProblemError `malformed-request`, `empty-body`, `payload-too-large`, `unsupported-media-type`,
 *   `checksum-mismatch`
 */
export async function readUpload(event: ApiEvent): Promise<Upload> {
  const mediaType = mediaTypeOf(event.headers['content-type'] ?? '')
  const upload = await readerFor(mediaType)(event)
  requireSize(upload.bytes)
  checkReprDigest(event.headers['repr-digest'], upload.bytes)
  return upload
}

function requireSize(bytes: Buffer): void {
  if (bytes.length === 0) {
    throw new ProblemError('empty-body', 'The request contains no image. Send the bytes of an image file.')
  }
  if (bytes.length <= MAX_UPLOAD_BYTES) return
  throw new ProblemError(
    'payload-too-large',
    `The image has ${bytes.length} bytes. This endpoint accepts up to ${MAX_UPLOAD_BYTES} (4 MB); use POST /v1/uploads for larger images.`,
    { content: { bytes: bytes.length } },
  )
}

function readerFor(mediaType: string): (event: ApiEvent) => Upload | Promise<Upload> {
  if (isJson(mediaType)) return readJson
  if (mediaType === 'multipart/form-data') return readMultipart
  // Bytes without a Content-Type are bytes.
  if (mediaType === '' || mediaType === 'application/octet-stream' || mediaType.startsWith('image/'))
    return readRaw
  throw new ProblemError(
    'unsupported-media-type',
    `Content-Type ${mediaType} is not supported. Send the bytes as image/jpeg (or their own type) or application/octet-stream, a multipart/form-data body with a part "file", or application/json with "data" in base64.`,
  )
}

function readJson(event: ApiEvent): Upload {
  refuseQuery(event, 'as a field of the JSON')
  const { data, filename, attributes, uploader } = parseOrRefuse(UploadRequest, event.body, 'body')
  return { bytes: decodeBase64(data, 'body.data'), filename, attributes, uploader }
}

async function readMultipart(event: ApiEvent): Promise<Upload> {
  refuseQuery(event, 'in the form')
  const { file, attributes, uploader } = await readForm(event.headers['content-type'] ?? '', rawBody(event), [
    'file',
    'attributes',
    'uploader',
  ])
  if (!file) {
    throw new ProblemError('empty-body', 'The form has no part named "file". Send the image in that part.')
  }
  if ('text' in file) {
    throw new ProblemError(
      'empty-body',
      'The part named "file" has no filename, so it is text. Send it as a file, with a filename.',
    )
  }
  return {
    bytes: file.bytes,
    declaredType: file.contentType,
    filename: readFilename(file.filename),
    attributes: attributes && readAttributes(textOf(attributes, 'attributes'), 'attributes'),
    uploader: uploader && readUploader(textOf(uploader, 'uploader')),
  }
}

function readRaw(event: ApiEvent): Upload {
  return {
    bytes: rawBody(event),
    declaredType: event.headers['content-type'],
    filename: readFilename(event.queryStringParameters?.filename),
    uploader: readUploader(event.queryStringParameters?.uploader),
  }
}

/** The query would be ignored: JSON and forms have a place for everything. */
function refuseQuery({ queryStringParameters }: ApiEvent, where: string): void {
  const [name] = Object.keys(queryStringParameters ?? {})
  if (name === undefined) return
  throw new ProblemError(
    'malformed-request',
    `The query parameter "${name}" is for images sent as raw bytes. Send it ${where}.`,
  )
}

/** Unlike a name of a file, an uploader that cannot be used is an error: the image would be of nobody. */
function readUploader(text: string | undefined): string | undefined {
  return parseOrRefuse(Uploader.optional(), text, 'uploader')
}

/** An unusable name is ignored; the image is still accepted. */
function readFilename(name: string | undefined): string | undefined {
  return Filename.safeParse(name).data
}

function rawBody({ body, isBase64Encoded }: ApiEvent): Buffer<ArrayBuffer> {
  return Buffer.from(typeof body === 'string' ? body : '', isBase64Encoded ? 'base64' : 'utf8')
}

/** The algorithms of `Repr-Digest` that are checked, with the size of their digest in bytes. */
const DIGESTS = [
  { name: 'sha-512', hash: 'sha512', bytes: 64 },
  { name: 'sha-256', hash: 'sha256', bytes: 32 },
] as const

/** `Repr-Digest: sha-256=:…:` (RFC 9530). A digest that cannot be checked is refused: its sender relies on the check. */
function checkReprDigest(header: string | undefined, image: Uint8Array): void {
  if (header === undefined) return
  const expected = readDigests(header)
  for (const { name, hash, digest } of expected) {
    const actual = createHash(hash).update(image).digest()
    if (actual.equals(digest)) continue
    throw new ProblemError(
      'checksum-mismatch',
      `The received image has the ${name} digest ${actual.toString('hex')}, which does not match Repr-Digest. Send it again.`,
    )
  }
}

function readDigests(header: string) {
  const members = readDictionary(header)
  const found = DIGESTS.filter(({ name }) => members.has(name))
  if (found.length === 0) {
    throw malformedDigest('has no algorithm that the API checks. Send sha-256 or sha-512.')
  }
  return found.map(({ name, hash, bytes }) => {
    const value = members.get(name)?.[0]
    const digest = value instanceof ArrayBuffer ? Buffer.from(value) : undefined
    if (digest?.length === bytes) return { name, hash, digest }
    throw malformedDigest(
      `must have the form "${name}=:<base64>:" (RFC 9530): base64 of the ${bytes} bytes between colons, not hex.`,
    )
  })
}

function readDictionary(header: string) {
  try {
    return parseDictionary(header)
  } catch (cause) {
    throw malformedDigest('must have the form "sha-256=:<base64>:" (RFC 9530).', cause)
  }
}

function malformedDigest(what: string, cause?: unknown): ProblemError {
  return new ProblemError('malformed-request', `Repr-Digest ${what}`, { cause })
}
