import type { MiddlewareObj, Request } from '@middy/core'
import type { Context } from 'aws-lambda'
import { logger } from '../logger.ts'
import type { ApiEvent, ApiResult, Notes } from './api-event.ts'

/** One log line a request, with what an operator searches by. */
export function logRequest(): MiddlewareObj<ApiEvent, ApiResult, Error, Context, Notes> {
  const started = new WeakMap<object, number>()
  const log = ({
    event,
    context,
    response,
    internal,
  }: Request<ApiEvent, ApiResult, Error, Context, Notes>) => {
    const { method, path } = event.requestContext.http
    logger.info(`${method} ${path} ${response?.statusCode}`, {
      requestId: context.awsRequestId,
      app: event.requestContext.authorizer?.lambda?.app,
      imageId: imageIdOf(event, response),
      problem: internal.problem,
      status: response?.statusCode,
      milliseconds: Date.now() - (started.get(event) ?? Date.now()),
    })
  }
  return { before: ({ event }) => void started.set(event, Date.now()), after: log, onError: log }
}

function imageIdOf(event: ApiEvent, response: ApiResult | null | undefined): string | undefined {
  const location = response?.headers?.location
  return event.pathParameters?.id ?? (typeof location === 'string' ? location.split('/').at(-1) : undefined)
}
