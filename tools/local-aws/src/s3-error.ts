import { XMLBuilder } from 'fast-xml-parser'
import type { FastifyError, FastifyInstance } from 'fastify'

/**
 * An error response of S3, thrown by hooks. `details` are further elements of the document.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
 */
export class S3Error extends Error {
  override name = 'S3Error'
  readonly status: number
  readonly code: string
  readonly details: Record<string, unknown>

  constructor(status: number, code: string, message: string, details: Record<string, unknown> = {}) {
    super(message)
    this.status = status
    this.code = code
    this.details = details
  }
}

/**
 * Sends S3's error document for an S3Error, or JSON to a client of SQS or DynamoDB. A body over the server's limit becomes
 * EntityTooLarge, and a failure of the server, such as a full disk, InternalError.
 */
export function sendS3Errors(app: FastifyInstance): void {
  app.setErrorHandler((error: FastifyError | S3Error, { headers }, reply) => {
    const s3Error = toS3Error(error)
    if (!(s3Error instanceof S3Error)) return reply.send(error)
    const { status, code: Code, message: Message, details } = s3Error
    if (headers['content-type'] === 'application/x-amz-json-1.0')
      return reply.code(status).send({ __type: Code, message: Message })
    return reply
      .code(status)
      .type('application/xml')
      .send(toXml({ Error: { Code, Message, ...details } }))
  })
}

function toS3Error(error: FastifyError | S3Error): Error {
  if (error instanceof S3Error) return error
  if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE') return BODY_TOO_LARGE
  // Requests that are wrong have a status.
  return error.statusCode === undefined ? new S3Error(500, 'InternalError', error.message) : error
}

const BODY_TOO_LARGE = new S3Error(
  400,
  'EntityTooLarge',
  'The local server accepts request bodies of up to 64 MiB.',
)

const builder = new XMLBuilder({ ignoreAttributes: false })

/** Builds an XML document. Arrays become repeated elements, and undefined values are omitted. */
export function toXml(document: Record<string, unknown>): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${builder.build(document)}`
}
