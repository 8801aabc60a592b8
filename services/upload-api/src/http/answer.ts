import type { Original } from '@darkroom/bucket'
import type { Tolerant, UploadAccepted } from '@darkroom/core'
import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda'

export type ApiResult = APIGatewayProxyStructuredResultV2

export function jsonAnswer(
  statusCode: number,
  body: unknown,
  headers: Record<string, string | number> = {},
): ApiResult {
  return {
    statusCode,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers },
    body: JSON.stringify(body),
  }
}

/** The fields of an accepted image that the answer contains. */
export type AnsweredImage = Tolerant<
  Pick<Original, 'imageId' | 'acceptedAt' | 'contentType' | 'bytes' | 'sha256'>
>

interface AcceptedOptions {
  /** The request was repeated. */
  replayed: boolean
  /** An earlier image has the same bytes. */
  duplicate?: true | undefined
  /** Further headers. */
  headers?: Record<string, string>
}

/** 202, for each kind of upload. */
export function acceptedAnswer(
  image: AnsweredImage,
  { replayed, duplicate, headers }: AcceptedOptions,
): ApiResult {
  const self = `/v1/images/${image.imageId}`
  const body: Tolerant<UploadAccepted> = {
    id: image.imageId,
    status: 'queued',
    acceptedAt: image.acceptedAt,
    contentType: image.contentType,
    bytes: image.bytes,
    sha256: image.sha256,
    ...(duplicate && { duplicate }),
    links: { self },
  }
  return jsonAnswer(202, body, {
    location: self,
    'retry-after': 1,
    ...(replayed && { 'idempotency-replayed': 'true' }),
    ...headers,
  })
}
