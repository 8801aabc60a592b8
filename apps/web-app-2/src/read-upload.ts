import { type Attributes, Filename, type ImageType, ProblemError, readAttributes } from '@darkroom/core'
import { inspectImage } from '@darkroom/image-file'
import type { FastifyRequest } from 'fastify'

export interface Upload {
  bytes: Buffer
  /** Found in the bytes; browsers only guess it from the file name. */
  contentType: ImageType
  filename?: string | undefined
  attributes?: Attributes | undefined
}

/**
 * Reads the parts `file` and `attributes` (JSON, optional), and checks the image as Darkroom does, so that a refusal
 * reaches the person at once.
 *
 * @throws ProblemError `malformed-request`, `empty-body`, `payload-too-large`, and those of `inspectImage`
 */
export async function readUpload(request: FastifyRequest, maxImageBytes: number): Promise<Upload> {
  const { file, attributes } = await readParts(request, maxImageBytes)
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
  file?: { bytes: Buffer; name: string | undefined }
  /** A part of type application/json is parsed by the form's parser. */
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
  const parts: Parts = {}
  let truncated = false
  for await (const part of request.parts()) {
    if (part.type === 'file') {
      parts.file = { bytes: await part.toBuffer(), name: part.filename }
      truncated = part.file.truncated
    } else if (part.fieldname === 'attributes') {
      parts.attributes = part.value
    }
  }
  if (truncated) throw tooLarge(maxImageBytes)
  return parts
}

function tooLarge(maxImageBytes: number): ProblemError {
  const limit = Math.floor((maxImageBytes / 1024 / 1024) * 10) / 10
  return new ProblemError('payload-too-large', `The picture has more than ${limit} MB. Send a smaller one.`)
}
