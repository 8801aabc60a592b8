import {
  DirectUpload,
  DirectUploadRequest,
  Health,
  ImageId,
  ImageList,
  ImageSelection,
  ImageStatus,
  ListQuery,
  Problem,
  SelectionQuery,
  Signature,
  SignatureRequest,
  UploadAccepted,
  UploadRequest,
} from '@darkroom/core'
import * as z from 'zod'
import { createDocument } from 'zod-openapi'

const problem = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: Problem } },
})
const problems = {
  '400': problem('malformed-request, empty-body, checksum-mismatch'),
  '401': problem('unauthenticated'),
  '503': problem('storage-unavailable, queue-unavailable; see Retry-After'),
}
const answer = (description: string, schema: z.ZodType) => ({
  description,
  content: { 'application/json': { schema } },
})
const jsonBody = (schema: z.ZodType) => ({ required: true, content: { 'application/json': { schema } } })
const idempotencyKey = ImageId.optional().meta({
  description:
    'A UUIDv7 made by the client, at most 24 hours old; it becomes the id, and a repetition is safe.',
})
const bytes = { schema: z.string().meta({ format: 'binary' }) }
const text = (description: string) => z.string().optional().meta({ description })

/** The API in OpenAPI 3.1, from the very schemas that check requests and shape answers. */
export function openApiDocument() {
  return createDocument({
    openapi: '3.1.0',
    info: {
      title: 'Darkroom upload API',
      version: '1',
      description:
        'Images in, web-ready variants and metadata out. Errors are application/problem+json (RFC 9457).',
    },
    components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
    security: [{ bearer: [] }],
    paths: {
      '/v1/images': {
        post: {
          operationId: 'uploadImage',
          summary: 'Upload one image of up to 4 MB',
          requestParams: {
            header: z.object({
              'Idempotency-Key': idempotencyKey,
              'Repr-Digest': text('sha-256=:<base64>: of the image (RFC 9530); checked.'),
              traceparent: text('W3C Trace Context; carried through to the metadata.'),
            }),
            query: z.object({ filename: text('The file name, with raw bytes.') }),
          },
          requestBody: {
            required: true,
            content: {
              'application/json': { schema: UploadRequest },
              'multipart/form-data': {
                schema: z.object({
                  file: z.string().meta({ format: 'binary' }),
                  attributes: text('Attributes as a JSON text.'),
                }),
              },
              'image/*': bytes,
              'application/octet-stream': bytes,
            },
          },
          responses: {
            '202': answer('Stored and queued; Location is where to ask for it.', UploadAccepted),
            ...problems,
            '413': problem('payload-too-large'),
            '415': problem('unsupported-media-type, type-mismatch'),
            '422': problem('idempotency-key-reused, image-too-large, corrupt-image'),
          },
        },
        get: {
          operationId: 'listImages',
          summary: 'The images of a day, oldest first, or those of certain ids',
          requestParams: {
            query: z.object({
              ...ListQuery.partial().shape,
              ids: z.string().optional().meta({ description: SelectionQuery.shape.ids.description }),
            }),
            header: z.object({
              Prefer: text(
                'With ids: wait=N holds the answer until one of them is finished or N seconds (at most 25) have passed.',
              ),
            }),
          },
          responses: {
            '200': answer('A page, or the images asked for.', z.union([ImageList, ImageSelection])),
            ...problems,
          },
        },
      },
      '/v1/images/{id}': {
        get: {
          operationId: 'getImage',
          summary: 'What became of an image',
          requestParams: {
            path: z.object({ id: ImageId }),
            header: z.object({
              Prefer: text(
                'wait=N holds the answer until the image is finished or N seconds (at most 25) have passed.',
              ),
              'If-None-Match': text('An ETag of an earlier answer.'),
            }),
          },
          responses: {
            '200': answer('The status.', ImageStatus),
            '304': { description: 'As it was.' },
            '401': problems['401'],
            '404': problem('not-found'),
            '410': problem('expired-by-retention'),
            '503': problems['503'],
          },
        },
        delete: {
          operationId: 'eraseImage',
          summary: 'Erase an image for good',
          requestParams: { path: z.object({ id: ImageId }) },
          responses: {
            '200': answer('The receipt; a repetition gets the same one.', ImageStatus),
            '401': problems['401'],
            '404': problem('not-found'),
            '409': problem('legal-hold'),
            '410': problem('expired-by-retention'),
            '503': problems['503'],
          },
        },
      },
      '/v1/uploads': {
        post: {
          operationId: 'createUpload',
          summary: 'Learn how to send an image of up to 50 MB to S3 directly',
          requestParams: {
            header: z.object({
              'Idempotency-Key': idempotencyKey,
              traceparent: text('W3C Trace Context; carried through to the metadata.'),
            }),
          },
          requestBody: jsonBody(DirectUploadRequest),
          responses: {
            '201': answer('The request to send to S3.', DirectUpload),
            ...problems,
            '413': problem('payload-too-large'),
            '415': problem('unsupported-media-type'),
          },
        },
      },
      '/v1/uploads/sign': {
        post: {
          operationId: 'signUpload',
          summary: 'A URL for one request to S3 of an upload in parts',
          requestBody: jsonBody(SignatureRequest),
          responses: {
            '200': answer('The URL; a part has to have the length that is signed.', Signature),
            '400': problems['400'],
            '401': problems['401'],
            '404': problem('not-found'),
          },
        },
      },
      '/v1/uploads/{id}/complete': {
        post: {
          operationId: 'completeUpload',
          summary: 'Say that all of an image is in S3',
          requestParams: { path: z.object({ id: ImageId }) },
          responses: {
            '202': answer('Checked, stored and queued; a repetition gets the same.', UploadAccepted),
            ...problems,
            '404': problem('not-found'),
            '409': problem('upload-incomplete'),
            '415': problem('unsupported-media-type, type-mismatch'),
            '422': problem('idempotency-key-reused, image-too-large, corrupt-image'),
          },
        },
      },
      '/v1/health': {
        get: { operationId: 'getHealth', security: [], responses: { '200': answer('It answers.', Health) } },
      },
      '/v1/openapi.json': {
        get: {
          operationId: 'getDescription',
          security: [],
          responses: { '200': { description: 'This document.', content: { 'application/json': {} } } },
        },
      },
    },
  })
}
