import type { FastifyError, FastifyInstance } from 'fastify'
import { toXml } from './xml.ts'

/**
 * S3's way of saying no; a hook throws it. `details` are further elements of the document.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
 */
export class S3Refusal extends Error {
  override name = 'S3Refusal'
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

/** Answers refusals with S3's error document, and a body over the server's limit as one too large for S3. */
export function answerRefusals(app: FastifyInstance): void {
  app.setErrorHandler((error: FastifyError | S3Refusal, _request, reply) => {
    const refusal = error.code === 'FST_ERR_CTP_BODY_TOO_LARGE' ? tooLargeForServer : error
    if (!(refusal instanceof S3Refusal)) return reply.send(error)
    const { status, code: Code, message: Message, details } = refusal
    return reply
      .code(status)
      .type('application/xml')
      .send(toXml({ Error: { Code, Message, ...details } }))
  })
}

const tooLargeForServer = new S3Refusal(
  400,
  'EntityTooLarge',
  'The local server takes request bodies of 64 MiB at most.',
)
