import { AppId, ProblemError } from '@darkroom/core'
import type { ApiEvent } from './api-event.ts'

/**
 * The app on whose behalf the caller speaks: the only source of `app` in this service.
 *
 * @throws ProblemError `unauthenticated`
 */
export function requireApp(event: ApiEvent): AppId {
  const app = AppId.safeParse(event.requestContext.authorizer?.lambda?.app)
  if (app.success) return app.data
  throw new ProblemError(
    'unauthenticated',
    'Send the header "Authorization: Bearer <API key>" with a key of your application.',
  )
}
