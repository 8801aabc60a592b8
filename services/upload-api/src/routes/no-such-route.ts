import { ProblemError } from '@darkroom/core'
import { apiHandler } from '../http/api-handler.ts'

/** The gateway's `$default` route: without it a wrong path would be answered in the gateway's own shape. */
export const handler = apiHandler(async (event) => {
  const { method, path } = event.requestContext.http
  throw new ProblemError(
    'not-found',
    `There is no ${method} ${path}. GET /v1/openapi.json lists what there is.`,
  )
})
