import { type Attributes, Filename, type ImageType, ProblemError, readAttributes } from '@darkroom/core'
import { inspectImage } from '@darkroom/image-file'
import type { Multipart } from '@fastify/multipart'
import type { FastifyRequest } from 'fastify'

export interface Upload {
  bytes: Buffer
  /** Found in the bytes; browsers only guess it from the file name. */
  contentType: ImageType
  filename?: string | undefined
  attributes?: Attributes | undefined
}

/**
 * Reads the parts `file` and `attributes` (JSON, optional), and checks the image as Darkroom does, so that the person learns
 * about a problem immediately.
 *
 * @throws ProblemError `malformed-request`, `empty-body`, `payload-too-large`, and those of `inspectImage`
 */
export async function readUpload(request: FastifyRequest, maxImageBytes: number): Promise<Upload> {
  const {
    files: [file, another],
    attributes,
  } = await readParts(request, maxImageBytes)
  if (another) {
    throw new ProblemError(
      'malformed-request',
      'The form has two parts named "file". Send one picture per request.',
    )
  }
  if (file?.truncated) throw tooLarge(maxImageBytes)
  if (!file?.bytes.length) {
    throw new ProblemError('empty-body', 'The upload contains no image. Choose a picture and send it again.')
  }
  const { contentType } = await inspectImage(file.bytes)
  return {
    bytes: file.bytes,
    contentType,
    filename: Filename.safeParse(file.name).data,
    attributes: attributes === undefined ? undefined : readAttributes(attributes, 'attributes'),
  }
}

interface Parts {
  /** The parts named "file". */
  files: { bytes: Buffer; name: string | undefined; truncated: boolean }[]
  /** A text part of type application/json is parsed by the form's parser. */
  attributes?: unknown
}

/** More than a form adds around its parts. */
const MAX_FORM_OVERHEAD_BYTES = 64 * 1024

async function readParts(request: FastifyRequest, maxImageBytes: number): Promise<Parts> {
  if (!request.isMultipart()) {
    throw new ProblemError(
      'malformed-request',
      'Send the image as multipart/form-data, in a part named "file".',
    )
  }
  if (Number(request.headers['content-length']) > maxImageBytes + MAX_FORM_OVERHEAD_BYTES)
    throw tooLarge(maxImageBytes)
  const parts: Parts = { files: [] }
  try {
    for await (const part of request.parts()) await addPart(parts, part)
  } catch (error) {
    // The rest of the body must be read, or the connection cannot be used again.
    request.raw.resume()
    throw describeFailure(error, parts)
  }
  return parts
}

async function addPart(parts: Parts, part: Multipart): Promise<void> {
  const { fieldname } = part
  if (part.type === 'field') {
    if (fieldname === 'attributes') parts.attributes = part.value
    return
  }
  const bytes = await part.toBuffer()
  // A browser sends a Blob of type application/json as a file.
  if (fieldname === 'attributes') parts.attributes = bytes.toString()
  if (fieldname === 'file') parts.files.push({ bytes, name: part.filename, truncated: part.file.truncated })
}

/** The parser reports a body that ends early, or a missing boundary, as an error without a status. */
function describeFailure(error: unknown, { files }: Parts): unknown {
  if ((error as { statusCode?: number }).statusCode !== undefined) return error
  const where = files.length > 0 ? 'after the part "file"' : 'before the part "file" is complete'
  return new ProblemError(
    'malformed-request',
    `The form ends early, ${where}, or has no boundary. Send the whole form.`,
    { cause: error },
  )
}

function tooLarge(maxImageBytes: number): ProblemError {
  const limit = Math.floor((maxImageBytes / 1024 / 1024) * 10) / 10
  return new ProblemError('payload-too-large', `The picture is larger than ${limit} MB. Send a smaller one.`)
}
