import { ProblemError } from '@darkroom/core'
import { unroutedHandler } from '../http/api-handler.ts'
import { methodsOf } from '../http/methods.ts'

/** The gateway's `$default` route. Without it, the gateway would answer without problem+json, and 404 to a wrong method. */
export const handler = unroutedHandler(async (event) => {
  const { method, path } = event.requestContext.http
  const allowed = methodsOf(path)?.join(', ')
  if (allowed !== undefined) {
    throw new ProblemError('method-not-allowed', `${path} does not allow ${method}, only ${allowed}.`, {
      headers: { allow: allowed },
    })
  }
  throw new ProblemError(
    'not-found',
    `${method} ${path} does not exist. GET /v1/openapi.json lists all routes.`,
  )
})
