import { isUtf8 } from 'node:buffer'
import { ProblemError } from '@darkroom/core'
import busboy, { type Busboy } from 'busboy'

/** A part with a file name, or of type application/octet-stream. */
interface FormFile {
  bytes: Buffer
  /** Undefined if the part has no Content-Type, or `text/plain`, the default of RFC 7578 (section 4.4). */
  contentType?: string | undefined
  filename?: string | undefined
}

/** `fault` says why the text is not what was sent. */
interface FormText {
  text: string
  fault?: string | undefined
}

export type FormPart = FormFile | FormText

/**
 * Reads a whole `multipart/form-data` body (RFC 7578) as parts by name. Parts of other names are left out.
 *
 * @throws ProblemError `malformed-request`: the boundary is missing, the body ends early, or a part occurs twice. The detail
 *   names the part.
 */
export function readForm<Name extends string>(
  contentType: string,
  body: Buffer,
  expected: readonly Name[],
): Promise<Partial<Record<Name, FormPart>>> {
  return new Promise((resolve, reject) => {
    const parser = openParser(contentType)
    const parts: Partial<Record<Name, FormPart>> = {}
    let lastPart: string | undefined

    const add = (name: string, part: FormPart) => {
      const known = expected.find((candidate) => candidate === name)
      if (known === undefined) return
      if (parts[known])
        reject(malformed(`The form has two parts named "${name}". Send one image per request.`))
      parts[known] = part
    }
    parser.on('field', (name, text, { valueTruncated }) => {
      lastPart = name
      if (valueTruncated) add(name, { text, fault: 'is longer than 1 MB' })
      else if (text.includes(REPLACEMENT) && !body.includes(text)) add(name, { text, fault: NOT_UTF8 })
      else add(name, { text })
    })
    parser.on('file', (name, stream, { filename, mimeType, encoding }) => {
      lastPart = name
      if (filename?.includes(REPLACEMENT) && !hasUtf8Heads(body)) {
        reject(malformed(`The file name of the part "${name}" ${NOT_UTF8}.`))
      }
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        const bytes = decodeTransfer(Buffer.concat(chunks), encoding)
        add(name, { bytes, filename, contentType: mimeType === 'text/plain' ? undefined : mimeType })
      })
      // The parser reports the same error for the whole form.
      stream.on('error', () => {})
    })
    parser.on('error', (cause: Error) => reject(describeFailure(cause, lastPart)))
    parser.on('close', () => resolve(parts))
    parser.end(body)
  })
}

/** The text of a part, also of one with a file name: a browser sends a Blob as a file. @throws ProblemError `malformed-request` */
export function textOf(part: FormPart, name: string): string {
  const isText = 'text' in part
  const fault = isText ? part.fault : isUtf8(part.bytes) ? undefined : NOT_UTF8
  if (fault !== undefined) throw malformed(`The part "${name}" ${fault}.`)
  return isText ? part.text : part.bytes.toString()
}

const NOT_UTF8 = 'is not valid UTF-8'

/** The parser puts it where bytes are no UTF-8. */
const REPLACEMENT = '\ufffd'

function hasUtf8Heads(body: Buffer): boolean {
  const heads = body.toString('latin1').match(/^content-disposition:.*(\r\n[ \t].*)*/gim) ?? []
  return heads.every((head) => isUtf8(Buffer.from(head, 'latin1')))
}

function openParser(contentType: string): Busboy {
  try {
    // Clients send file names in UTF-8.
    return busboy({ headers: { 'content-type': contentType }, defParamCharset: 'utf8' })
  } catch (cause) {
    throw malformed(
      'The Content-Type multipart/form-data has no boundary. Let your HTTP client set the header: it knows the boundary between the parts.',
      cause,
    )
  }
}

/** RFC 7578 (section 4.7) deprecates the header; some older clients still send it. */
function decodeTransfer(bytes: Buffer, encoding: string): Buffer {
  return encoding === 'base64' ? Buffer.from(bytes.toString('latin1'), 'base64') : bytes
}

function describeFailure(cause: Error, lastPart: string | undefined): ProblemError {
  const where =
    lastPart === undefined ? 'before its first part is complete' : `in or after the part "${lastPart}"`
  return malformed(
    /unexpected end/i.test(cause.message)
      ? `The form ends early, ${where}: its closing boundary is missing. Send the whole body, with the boundary from Content-Type between the parts.`
      : `The form cannot be read ${where}: a part has an invalid header.`,
    cause,
  )
}

function malformed(detail: string, cause?: unknown): ProblemError {
  return new ProblemError('malformed-request', detail, { cause })
}
