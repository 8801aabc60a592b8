import {
  DirectUpload,
  DirectUploadRequest,
  Health,
  ImageId,
  ImageList,
  ImageSelection,
  ImageStatus,
  ListQuery,
  MAX_WAIT_SECONDS,
  PROBLEMS,
  Problem,
  type ProblemSlug,
  problemType,
  RETRY_AFTER_SECONDS,
  SelectionQuery,
  Signature,
  SignatureRequest,
  UploadAccepted,
  UploadRequest,
} from '@darkroom/core'
import * as z from 'zod'
import { createDocument } from 'zod-openapi'

/** The refusals of an operation as responses, one per status, from the problem table. */
function refusals(...slugs: ProblemSlug[]) {
  // Every route refuses unknown query parameters.
  const all = [...new Set<ProblemSlug>([...slugs, 'malformed-request', 'internal'])]
  const byStatus = Object.groupBy(all, (slug) => PROBLEMS[slug].status)
  return Object.fromEntries(
    Object.entries(byStatus).map(([status, slugsOfStatus = []]) => [
      status as `${4 | 5}${string}`,
      refusal(Number(status), slugsOfStatus),
    ]),
  )
}

function refusal(status: number, slugs: ProblemSlug[]) {
  return {
    description: slugs
      .map((slug) => `- \`${slug}\`: ${PROBLEMS[slug].title}. ${PROBLEMS[slug].description}.`)
      .join('\n'),
    ...(status === 503 && { headers: { 'Retry-After': RETRY_AFTER } }),
    content: {
      'application/problem+json': {
        schema: Problem,
        examples: Object.fromEntries(slugs.map((slug) => [slug, exampleOf(slug)])),
      },
    },
  }
}

const RETRY_AFTER = {
  description: 'Seconds to wait before the next attempt.',
  schema: z.int().meta({ example: RETRY_AFTER_SECONDS }),
}

function exampleOf(slug: ProblemSlug) {
  const { title, description, status, retryable } = PROBLEMS[slug]
  const requestId = '4d030493-0fcb-46eb-beec-2ccc5447b3cc'
  const value: Problem = {
    type: problemType(slug),
    title,
    status,
    detail: `${description}.`,
    requestId,
    retryable,
  }
  return { summary: title, value }
}

const answer = (description: string, schema: z.ZodType) => ({
  description,
  content: { 'application/json': { schema } },
})
const jsonBody = (schema: z.ZodType) => ({ required: true, content: { 'application/json': { schema } } })
/** Requests may write an id in upper case. */
const imageIdInAnyCase = z
  .string()
  .regex(/^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-7[0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}$/)
  .meta(ImageId.meta() ?? {})
const idempotencyKey = imageIdInAnyCase.optional().meta({
  description:
    "A UUIDv7 that the client makes, at most 24 hours old. It becomes the image's id, so the request can be repeated safely.",
})
/** The reasons to refuse an image, however it is uploaded. */
const REFUSED_IMAGES: ProblemSlug[] = [
  'empty-body',
  'payload-too-large',
  'unsupported-media-type',
  'type-mismatch',
  'erased',
  'expired-by-retention',
  'idempotency-key-reused',
  'image-too-large',
  'corrupt-image',
  'too-many-frames',
]
const bytes = { schema: z.string().meta({ format: 'binary' }) }
const text = (description: string) => z.string().optional().meta({ description })

/** The API in OpenAPI 3.1, generated from the schemas that validate requests and from the problem table. */
export function openApiDocument() {
  return createDocument({
    openapi: '3.1.0',
    info: {
      title: 'Darkroom upload API',
      version: '1',
      description:
        'Upload images, and get web-ready variants and metadata. Errors are application/problem+json (RFC 9457).',
    },
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } },
    },
    security: [{ bearer: [] }],
    paths: {
      '/v1/images': {
        post: {
          operationId: 'uploadImage',
          summary: 'Upload one image of up to 4 MB',
          requestParams: {
            header: z.object({
              'Idempotency-Key': idempotencyKey,
              'Repr-Digest': text(
                '`sha-256=:<base64>:` or `sha-512=:<base64>:` of the image (RFC 9530). The API checks it.',
              ),
              traceparent: text('W3C Trace Context; stored in the metadata.'),
            }),
            query: z.object({ filename: text('The file name, if the body is raw bytes.') }),
          },
          requestBody: {
            required: true,
            content: {
              'application/json': { schema: UploadRequest },
              'multipart/form-data': {
                schema: z.object({
                  file: z.string().meta({ format: 'binary' }),
                  attributes: text('Attributes as JSON text.'),
                }),
              },
              'image/*': bytes,
              'application/octet-stream': bytes,
            },
          },
          responses: {
            '202': answer(
              'The image is stored and queued. `Location` is the URL of its status.',
              UploadAccepted,
            ),
            ...refusals(
              'unauthenticated',
              'malformed-request',
              'clock-skew',
              'checksum-mismatch',
              ...REFUSED_IMAGES,
              'storage-unavailable',
            ),
          },
        },
        get: {
          operationId: 'listImages',
          summary: 'List images, the newest first or those of a day, or get images by id',
          requestParams: {
            query: z.object({
              ...ListQuery.partial().shape,
              ids: z.string().optional().meta({ description: SelectionQuery.shape.ids.description }),
            }),
            header: z.object({
              Prefer: text(
                `With ids: \`wait=N\` holds the answer until one of them is finished or N seconds (at most ${MAX_WAIT_SECONDS}) have passed.`,
              ),
            }),
          },
          responses: {
            '200': answer(
              'A page of the list, or the requested images.',
              z.union([ImageList, ImageSelection]),
            ),
            ...refusals(
              'unauthenticated',
              'malformed-request',
              'expired-by-retention',
              'storage-unavailable',
            ),
          },
        },
      },
      '/v1/images/{id}': {
        get: {
          operationId: 'getImage',
          summary: 'Get the status of an image',
          requestParams: {
            path: z.object({ id: imageIdInAnyCase }),
            header: z.object({
              Prefer: text(
                `\`wait=N\` holds the answer until the image is finished or N seconds (at most ${MAX_WAIT_SECONDS}) have passed.`,
              ),
              'If-None-Match': text('The ETag of an earlier answer.'),
            }),
          },
          responses: {
            '200': answer('The status.', ImageStatus),
            '304': { description: 'The status has not changed.' },
            ...refusals(
              'unauthenticated',
              'not-found',
              'expired-by-retention',
              'document-unreadable',
              'storage-unavailable',
            ),
          },
        },
        delete: {
          operationId: 'eraseImage',
          summary: 'Erase an image permanently',
          requestParams: { path: z.object({ id: imageIdInAnyCase }) },
          responses: {
            '200': answer('The receipt. A repeated request gets the same receipt.', ImageStatus),
            ...refusals(
              'unauthenticated',
              'not-found',
              'legal-hold',
              'expired-by-retention',
              'storage-unavailable',
            ),
          },
        },
      },
      '/v1/uploads': {
        post: {
          operationId: 'createUpload',
          summary: 'Start a direct upload to S3 of an image of up to 50 MB',
          requestParams: {
            header: z.object({
              'Idempotency-Key': idempotencyKey,
              traceparent: text('W3C Trace Context; stored in the metadata.'),
            }),
          },
          requestBody: jsonBody(DirectUploadRequest),
          responses: {
            '201': answer('The request to send to S3.', DirectUpload),
            ...refusals(
              'unauthenticated',
              'malformed-request',
              'clock-skew',
              'erased',
              'expired-by-retention',
              'payload-too-large',
              'unsupported-media-type',
              'idempotency-key-reused',
              'storage-unavailable',
            ),
          },
        },
      },
      '/v1/uploads/sign': {
        post: {
          operationId: 'signUpload',
          summary: 'Sign one S3 request of a multipart upload',
          requestBody: jsonBody(SignatureRequest),
          responses: {
            '200': answer('The signed URL. A part must have exactly the signed length.', Signature),
            ...refusals('unauthenticated', 'malformed-request', 'unsupported-media-type', 'not-found'),
          },
        },
      },
      '/v1/uploads/{id}/complete': {
        post: {
          operationId: 'completeUpload',
          summary: 'Complete a direct upload',
          requestParams: { path: z.object({ id: imageIdInAnyCase }) },
          responses: {
            '202': answer(
              'The image is checked, stored and queued. A repeated request gets the same answer.',
              UploadAccepted,
            ),
            ...refusals(
              'unauthenticated',
              'not-found',
              'upload-incomplete',
              'checksum-mismatch',
              ...REFUSED_IMAGES,
              'storage-unavailable',
            ),
          },
        },
      },
      '/v1/health': {
        get: {
          operationId: 'getHealth',
          summary: 'Check that the API runs',
          security: [],
          responses: { '200': answer('The API runs.', Health), ...refusals() },
        },
      },
      '/v1/openapi.json': {
        get: {
          operationId: 'getDescription',
          summary: 'Get this OpenAPI document',
          security: [],
          responses: {
            '200': { description: 'This document.', content: { 'application/json': {} } },
            ...refusals(),
          },
        },
      },
    },
  })
}
