import { AppId, ImageId, type ImageRef, ProblemError } from '@darkroom/core'
import type { APIGatewayProxyEventV2WithLambdaAuthorizer } from 'aws-lambda'

/** What the authorizer says about the caller (see authorize.ts); empty if the credential is invalid. */
export interface Caller {
  app?: string
  /** The first 12 hex digits of the credential's SHA-256. */
  credential?: string
}

/** An HTTP API event, payload format 2.0. A JSON body is parsed before the handler sees it. */
export type ApiEvent = Omit<APIGatewayProxyEventV2WithLambdaAuthorizer<Caller>, 'body'> & { body?: unknown }

/**
 * The caller's app: the only source of `app` in this service.
 *
 * @throws ProblemError `unauthenticated`
 */
export function requireApp(event: ApiEvent): AppId {
  const app = AppId.safeParse(event.requestContext.authorizer?.lambda?.app)
  if (app.success) return app.data
  throw new ProblemError(
    'unauthenticated',
    'Send the header "Authorization: Bearer <API key>" with a valid key of your app.',
  )
}

/**
 * The image that the path names (an id in upper case is the same id, RFC 9562), as the caller's app sees it.
 *
 * @throws ProblemError `unauthenticated`, `not-found` (the path has no image id)
 */
export function requireImage(event: ApiEvent): ImageRef {
  const app = requireApp(event)
  const imageId = ImageId.safeParse(event.pathParameters?.id?.toLowerCase())
  if (imageId.success) return { app, imageId: imageId.data }
  throw noSuchImage()
}

export function noSuchImage(): ProblemError {
  return new ProblemError(
    'not-found',
    'No image has this id. Check the id, and that the API key belongs to the app that uploaded the image.',
  )
}
