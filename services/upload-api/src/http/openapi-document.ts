import {
  DirectUpload,
  DirectUploadRequest,
  Health,
  ImageList,
  ImageSelection,
  ImageStatus,
  IssuedToken,
  ListQuery,
  MAX_WAIT_SECONDS,
  type ProblemSlug,
  Readiness,
  SelectionQuery,
  Signature,
  SignatureRequest,
  TokenRequest,
  UploadAccepted,
  UploadRequest,
} from '@darkroom/core'
import * as z from 'zod'
import { createDocument, type ZodOpenApiOperationObject } from 'zod-openapi'
import { answer, answerToApp, headersOf, refusals } from './openapi-responses.ts'

const jsonBody = (schema: z.ZodType, example?: object) => ({
  required: true,
  content: { 'application/json': { schema, ...(example && { example }) } },
})
/** Requests may write an id in upper case. There is no example: any time in it would be too old for a key one day. */
const imageIdInAnyCase = z
  .string()
  .regex(/^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-7[0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}$/)
  .meta({ description: 'The image id, a UUIDv7.' })
const idempotencyKey = imageIdInAnyCase.optional().meta({
  description:
    "A UUIDv7 that the client makes, at most 24 hours old and at most 5 minutes ahead. It becomes the image's id, so the request can be repeated safely.",
})
/** A PNG of one pixel. */
const PIXEL =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mPk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
const JSON_EXAMPLE: UploadRequest = {
  data: PIXEL,
  filename: 'pixel.png',
  attributes: { album: 'summer-2026' },
}
const DIRECT_EXAMPLE: DirectUploadRequest = {
  bytes: 8_388_608,
  contentType: 'image/jpeg',
  filename: 'IMG_0001.JPG',
}
const TOKEN_EXAMPLE = {
  uploader: 'user-4711',
  scopes: ['upload', 'read'],
  expiresIn: 900,
  maxBytes: 10_485_760,
}
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
const bytes = { schema: z.string().meta({ format: 'binary', description: 'The image, at most 4 MB.' }) }
const text = (description: string) => z.string().optional().meta({ description })

/** A GET operation, and HEAD with the same answers and no body. */
function withHead(get: ZodOpenApiOperationObject & { operationId: string }) {
  const responses = Object.entries(get.responses ?? {}).map(([status, { content: _, ...response }]) => [
    status,
    response,
  ])
  const head: ZodOpenApiOperationObject = {
    ...get,
    operationId: get.operationId.replace(/^(get|list)/, 'head'),
    summary: `${get.summary}: headers only`,
    description: 'The status and headers of GET, without a body.',
    responses: Object.fromEntries(responses),
  }
  return { get, head }
}

/** The API in OpenAPI 3.1, generated from the schemas that validate requests and from the problem table. */
export function openApiDocument() {
  return createDocument({
    openapi: '3.1.0',
    info: {
      title: 'Darkroom upload API',
      version: '1',
      description:
        'Upload images, and get web-ready variants and metadata. Errors are application/problem+json (RFC 9457); `type` ends in a stable slug. A known path with another method answers 405.',
      contact: { name: 'The operator of this deployment' },
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [
      { url: '/', description: 'The API that this document comes from.' },
      { url: 'http://127.0.0.1:4000', description: 'The local stack, `pnpm dev`.' },
    ],
    tags: [
      {
        name: 'Images',
        description: 'Upload images of up to 4 MB; status, lists and erasure of all images.',
      },
      { name: 'Tokens', description: 'Short-lived credentials for pages and phones.' },
      { name: 'Direct uploads', description: 'Upload images of up to 50 MB straight to S3.' },
      { name: 'Service', description: 'Health, and this document.' },
    ],
    components: {
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          description: "An app's API key, an upload token, or a JWT of the app's OpenID issuer.",
        },
      },
    },
    security: [{ bearer: [] }],
    paths: {
      '/v1/images': {
        post: {
          operationId: 'uploadImage',
          tags: ['Images'],
          summary: 'Upload one image of up to 4 MB',
          description:
            'As raw bytes, as a form, or in base64 in JSON. The type is found in the bytes; one that was declared and differs is refused. 202 means that the original is stored.',
          requestParams: {
            header: z.object({
              'Idempotency-Key': idempotencyKey,
              'Repr-Digest': text(
                '`sha-256=:<base64>:` or `sha-512=:<base64>:` of the image (RFC 9530). The API checks it.',
              ),
              traceparent: text('W3C Trace Context; stored in the metadata.'),
            }),
            query: z.object({
              filename: text('The file name, if the body is raw bytes.'),
              uploader: text(
                "The app's own user who uploads the image, if the body is raw bytes. Only with an API key.",
              ),
            }),
          },
          requestBody: {
            required: true,
            content: {
              'application/json': { schema: UploadRequest, example: JSON_EXAMPLE },
              'multipart/form-data': {
                schema: z.object({
                  file: z.string().meta({ format: 'binary', description: 'The image, at most 4 MB.' }),
                  attributes: text('Attributes as JSON text.').meta({ example: '{"album": "summer-2026"}' }),
                  uploader: text("The app's own user who uploads the image. Only with an API key."),
                }),
              },
              'image/*': bytes,
              'application/octet-stream': bytes,
            },
          },
          responses: {
            '202': answerToApp(
              'The image is stored and queued. `Location` is the path of its status.',
              UploadAccepted,
              'Location',
              'Retry-After',
              'Idempotency-Replayed',
            ),
            ...refusals(
              'quota-exceeded',
              'unauthenticated',
              'insufficient-scope',
              'malformed-request',
              'clock-skew',
              'checksum-mismatch',
              ...REFUSED_IMAGES,
              'storage-unavailable',
            ),
          },
        },
        ...withHead({
          operationId: 'listImages',
          tags: ['Images'],
          summary: 'List images, the newest first or those of a day, or get images by id',
          description:
            'Without parameters, the newest images of all days. With `date`, the images of a day, oldest first. With `ids`, these images; `ids` goes with no other parameter.',
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
            '200': answerToApp(
              'A page of the list, or the requested images.',
              z.union([ImageList, ImageSelection]),
              'Preference-Applied',
              'Retry-After',
            ),
            ...refusals(
              'unauthenticated',
              'insufficient-scope',
              'malformed-request',
              'expired-by-retention',
              'storage-unavailable',
            ),
          },
        }),
      },
      '/v1/images/{id}': {
        ...withHead({
          operationId: 'getImage',
          tags: ['Images'],
          summary: 'Get the status of an image',
          description:
            '`queued` until the image is `processed` or `failed`. A URL of a variant is valid for at least an hour. After the retention the answer is 410.',
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
            '200': answerToApp('The status.', ImageStatus, 'ETag', 'Retry-After', 'Preference-Applied'),
            '304': {
              description: 'The status has not changed.',
              ...headersOf('ETag', 'Retry-After', 'Preference-Applied'),
            },
            ...refusals(
              'unauthenticated',
              'insufficient-scope',
              'not-found',
              'expired-by-retention',
              'document-unreadable',
              'storage-unavailable',
            ),
          },
        }),
        delete: {
          operationId: 'eraseImage',
          tags: ['Images'],
          summary: 'Erase an image permanently',
          description: 'Deletes the original, all variants and the metadata. Only a receipt is kept.',
          requestParams: { path: z.object({ id: imageIdInAnyCase }) },
          responses: {
            '200': answerToApp('The receipt. A repeated request gets the same receipt.', ImageStatus),
            ...refusals(
              'unauthenticated',
              'insufficient-scope',
              'not-found',
              'legal-hold',
              'expired-by-retention',
              'storage-unavailable',
            ),
          },
        },
      },
      '/v1/tokens': {
        post: {
          operationId: 'createToken',
          tags: ['Tokens'],
          summary: 'Make an upload token for a page or a phone',
          description:
            'With an API key only, from your server. Revoking the key ends its tokens within a minute.',
          requestBody: jsonBody(TokenRequest, TOKEN_EXAMPLE),
          responses: {
            '201': answerToApp('The token.', IssuedToken),
            ...refusals(
              'unauthenticated',
              'insufficient-scope',
              'malformed-request',
              'unsupported-media-type',
              'storage-unavailable',
            ),
          },
        },
      },
      '/v1/uploads': {
        post: {
          operationId: 'createUpload',
          tags: ['Direct uploads'],
          summary: 'Start a direct upload to S3 of an image of up to 50 MB',
          description:
            'Answers with the request that sends the image to S3. Call `complete` after it; nothing is accepted before.',
          requestParams: {
            header: z.object({
              'Idempotency-Key': idempotencyKey,
              traceparent: text('W3C Trace Context; stored in the metadata.'),
            }),
          },
          requestBody: jsonBody(DirectUploadRequest, DIRECT_EXAMPLE),
          responses: {
            '201': answerToApp(
              'The request to send to S3.',
              DirectUpload,
              'Location',
              'Idempotency-Replayed',
            ),
            ...refusals(
              'quota-exceeded',
              'unauthenticated',
              'insufficient-scope',
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
          tags: ['Direct uploads'],
          summary: 'Sign one S3 request of a multipart upload',
          description: 'For a part, the list of parts, the completion or the abortion of a multipart upload.',
          requestBody: jsonBody(SignatureRequest),
          responses: {
            '200': answerToApp('The signed URL. A part must have exactly the signed length.', Signature),
            ...refusals(
              'unauthenticated',
              'insufficient-scope',
              'malformed-request',
              'unsupported-media-type',
              'not-found',
              'payload-too-large',
              'storage-unavailable',
            ),
          },
        },
      },
      '/v1/uploads/{id}/complete': {
        post: {
          operationId: 'completeUpload',
          tags: ['Direct uploads'],
          summary: 'Complete a direct upload',
          description: 'Checks the bytes in S3, and accepts the image as POST /v1/images does.',
          requestParams: { path: z.object({ id: imageIdInAnyCase }) },
          responses: {
            '202': answerToApp(
              'The image is checked, stored and queued. A repeated request gets the same answer.',
              UploadAccepted,
              'Location',
              'Retry-After',
              'Idempotency-Replayed',
            ),
            ...refusals(
              'unauthenticated',
              'insufficient-scope',
              'not-found',
              'upload-incomplete',
              'checksum-mismatch',
              ...REFUSED_IMAGES,
              'storage-unavailable',
            ),
          },
        },
      },
      '/v1/health': withHead({
        operationId: 'getHealth',
        tags: ['Service'],
        summary: 'Check that the API runs',
        description: 'Does not check S3 or SQS: see /v1/ready.',
        security: [],
        responses: { '200': answer('The API runs.', Health), ...refusals() },
      }),
      '/v1/ready': withHead({
        operationId: 'getReadiness',
        tags: ['Service'],
        summary: 'Check that the API can accept and find images',
        description: 'Asks S3 and SQS, at most every five seconds in each instance of the function.',
        security: [],
        responses: { '200': answer('S3 answers.', Readiness), ...refusals('storage-unavailable') },
      }),
      '/v1/openapi.json': withHead({
        operationId: 'getDescription',
        tags: ['Service'],
        summary: 'Get this OpenAPI document',
        description: 'Generated from the schemas that validate requests.',
        security: [],
        responses: {
          '200': {
            description: 'This document.',
            content: { 'application/json': { schema: { type: 'object' } } },
          },
          ...refusals(),
        },
      }),
    },
  })
}
