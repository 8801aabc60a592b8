import {
  declaredTypeOf,
  isJson,
  mediaTypeOf,
  type ProblemError,
  type ProblemSlug,
  userAgentOf,
} from '@darkroom/core'
import { createRefusalReporter, outcomesQueueOf } from '@darkroom/intake'
import { sqs } from './clients.ts'
import { env } from './environment.ts'
import { type ApiEvent, requireCaller } from './http/request.ts'
import { reportDropped } from './metrics.ts'

export const refusals = createRefusalReporter({
  sqs,
  queueUrl: outcomesQueueOf(env.QUEUE_URL),
  source: '/darkroom/upload-api',
  origin: 'http',
  onDropped: reportDropped,
})

/** The app is not known, nothing has arrived yet, or the refusal was reported before. */
const OTHERS: readonly ProblemSlug[] = ['unauthenticated', 'upload-incomplete', 'not-found']

/**
 * Reports what a request with an image was refused for, and what was counted before. The errors of Darkroom itself are no
 * refusals.
 *
 * @param problem undefined if the request succeeded
 */
export async function reportRefusal(event: ApiEvent, problem: ProblemError | undefined): Promise<void> {
  if (!problem || problem.status >= 500 || OTHERS.includes(problem.slug)) return refusals.sendDue()
  const { app } = requireCaller(event)
  problem.about({ declaredType: declaredBy(event) })
  const userAgent = userAgentOf(event.requestContext.http.userAgent)
  await refusals.report({ app, problem, userAgent })
}

/** The type of a body that is the image itself. */
function declaredBy({ headers }: ApiEvent): string | undefined {
  const mediaType = mediaTypeOf(headers['content-type'] ?? '')
  return isJson(mediaType) || mediaType.startsWith('multipart/') ? undefined : declaredTypeOf(mediaType)
}
