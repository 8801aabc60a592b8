import type { MiddlewareObj, Request } from '@middy/core'
import { logger } from '../logger.ts'
import type { ApiEvent, ApiResult } from './api-event.ts'

/** One log line a request, with what an operator searches by. */
export function logRequest(): MiddlewareObj<ApiEvent, ApiResult> {
  const started = new WeakMap<object, number>()
  const log = ({ event, context, response }: Request<ApiEvent, ApiResult>) => {
    const { method, path } = event.requestContext.http
    logger.info(`${method} ${path} ${response?.statusCode}`, {
      requestId: context.awsRequestId,
      app: event.requestContext.authorizer?.lambda?.app,
      status: response?.statusCode,
      milliseconds: Date.now() - (started.get(event) ?? Date.now()),
    })
  }
  return { before: ({ event }) => void started.set(event, Date.now()), after: log, onError: log }
}
