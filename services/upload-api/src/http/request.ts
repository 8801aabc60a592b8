import { ImageId, ProblemError } from '@darkroom/core'
import type { APIGatewayProxyEventV2WithLambdaAuthorizer } from 'aws-lambda'
import {
  type Identity,
  identify,
  type LimitedCaller,
  type Refusal,
  type SoughtImage,
  viewOf,
} from './caller.ts'

/** An HTTP API event, payload format 2.0. A JSON body is parsed before the handler sees it. */
export type ApiEvent = Omit<
  APIGatewayProxyEventV2WithLambdaAuthorizer<Partial<LimitedCaller & Refusal>>,
  'body'
> & {
  body?: unknown
}

/**
 * The caller: the only source of `app` in this service.
 *
 * @throws ProblemError `unauthenticated`, `storage-unavailable`
 */
export function requireCaller(event: ApiEvent): Identity {
  return identify(event.requestContext.authorizer?.lambda)
}

/** @throws ProblemError `rate-limited` if the app has sent too many requests */
export function requireRequestRate({ requestContext }: ApiEvent): void {
  const { overLimit, retryAfter } = requestContext.authorizer?.lambda ?? {}
  if (overLimit === undefined) return
  throw new ProblemError(
    'rate-limited',
    overLimit,
    retryAfter ? { headers: { 'retry-after': retryAfter } } : {},
  )
}

/** The credential itself. The authorizer has accepted it. */
export function credentialOf({ headers }: ApiEvent): string {
  return /^bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1] ?? ''
}

/**
 * The image that the path names (an id in upper case is the same id, RFC 9562), as the caller sees it.
 *
 * @throws ProblemError `unauthenticated`, `not-found` (the path has no image id)
 */
export function requireImage(event: ApiEvent): SoughtImage {
  const view = viewOf(requireCaller(event))
  const imageId = ImageId.safeParse(event.pathParameters?.id?.toLowerCase())
  if (imageId.success) return { ...view, imageId: imageId.data }
  throw noSuchImage()
}

export function noSuchImage(): ProblemError {
  return new ProblemError(
    'not-found',
    'No image has this id. Check the id, and that the credential belongs to the app, or is of the uploader, that uploaded the image.',
  )
}
