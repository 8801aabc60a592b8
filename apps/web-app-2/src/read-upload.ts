import { Attributes, Filename, type ImageType, ProblemError } from '@darkroom/core'
import { inspectImage } from '@darkroom/image-file'
import type { FastifyRequest } from 'fastify'

export interface Upload {
  bytes: Buffer
  /** Found in the bytes; what the browser says is only a guess by the name. */
  contentType: ImageType
  filename?: string | undefined
  attributes?: Attributes | undefined
}

/**
 * Reads the parts `file` and `attributes` (JSON, optional), and looks at the image as Darkroom will: what would
 * be refused there is refused here, while the person is still looking.
 *
 * @throws ProblemError `malformed-request`, `empty-body`, `payload-too-large`, and all that `inspectImage` throws
 */
export async function readUpload(request: FastifyRequest, maxImageBytes: number): Promise<Upload> {
  const { file, attributes } = await readParts(request, maxImageBytes)
  if (!file?.bytes.length) {
    throw new ProblemError(
      'empty-body',
      'There is no image in this upload. Choose a picture and send it again.',
    )
  }
  const { contentType } = await inspectImage(file.bytes)
  return {
    bytes: file.bytes,
    contentType,
    filename: Filename.safeParse(file.name).data,
    attributes: attributes === undefined ? undefined : readAttributes(attributes),
  }
}

interface Parts {
  file?: { bytes: Buffer; name: string | undefined }
  attributes?: unknown
}

/** What a form adds around its parts is far below this. */
const FORM_BYTES = 64 * 1024

async function readParts(request: FastifyRequest, maxImageBytes: number): Promise<Parts> {
  if (!request.isMultipart()) {
    throw new ProblemError(
      'malformed-request',
      'Send the image as multipart/form-data, in a part named "file".',
    )
  }
  if (Number(request.headers['content-length']) > maxImageBytes + FORM_BYTES) throw tooLarge(maxImageBytes)
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
  const most = Math.floor((maxImageBytes / 1024 / 1024) * 10) / 10
  return new ProblemError('payload-too-large', `The picture has more than ${most} MB. Send it smaller.`)
}

/** A part of type application/json has been parsed by the form's parser already. */
function readAttributes(part: unknown): Attributes {
  const attributes = Attributes.safeParse(typeof part === 'string' ? parseJson(part) : part)
  if (attributes.success) return attributes.data
  const complaints = attributes.error.issues.flatMap((issue) =>
    issue.code === 'invalid_key' ? issue.issues.map(({ message }) => message) : issue.message,
  )
  throw new ProblemError('malformed-request', `The attributes are not right: ${complaints.join('; ')}.`)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new ProblemError('malformed-request', 'The part "attributes" is not valid JSON.', { cause })
  }
}
