import type { ProblemSlug } from '@darkroom/core'
import type {
  APIGatewayProxyEventV2WithLambdaAuthorizer,
  APIGatewayProxyStructuredResultV2,
} from 'aws-lambda'

/** What the authorizer tells of the caller (see authorize.ts); empty where the credential was no good. */
export interface Caller {
  app?: string
  /** The first 12 hex digits of the credential's SHA-256. */
  credential?: string
}

/** An HTTP API event, payload format 2.0. A JSON body has been parsed by the time a handler sees it. */
export type ApiEvent = Omit<APIGatewayProxyEventV2WithLambdaAuthorizer<Caller>, 'body'> & { body?: unknown }
export type ApiResult = APIGatewayProxyStructuredResultV2

/** What the middleware of one request tells one another. */
export type Notes = { problem?: ProblemSlug }
