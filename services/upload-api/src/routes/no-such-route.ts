import { ProblemError } from '@darkroom/core'
import { apiHandler } from '../http/api-handler.ts'

/** The gateway's `$default` route. Without it, the gateway would answer a wrong path without problem+json. */
export const handler = apiHandler(async (event) => {
  const { method, path } = event.requestContext.http
  throw new ProblemError(
    'not-found',
    `${method} ${path} does not exist. GET /v1/openapi.json lists all routes.`,
  )
})
