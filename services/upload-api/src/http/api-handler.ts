import middy from '@middy/core'
import type { Context } from 'aws-lambda'
import type { ApiEvent, ApiResult } from './api-event.ts'
import { logRequest } from './log-request.ts'
import { problemJson } from './problem-json.ts'

/** The edge that all routes share: problem+json for everything thrown, and one log line a request. */
export function apiHandler(handle: (event: ApiEvent, context: Context) => Promise<ApiResult>) {
  return middy().use(logRequest()).use(problemJson()).handler(handle)
}
