import { type AuditedAct, clientFamily, ImageId, type ProblemSlug } from '@darkroom/core'
import type { Context } from 'aws-lambda'
import { record } from '../audit-trail.ts'
import type { ApiEvent } from './request.ts'

/** The images of requests whose path or answer does not have their ids, or not all. */
const concerned = new WeakMap<ApiEvent, ImageId[]>()

/** Names the images of a request for the audit trail: those whose links it gives out, or that it really concerns. */
export function concerns(event: ApiEvent, images: ImageId[]): void {
  concerned.set(event, images)
}

/**
 * Records a request in the audit trail (decisions/0067-audit-trail.md). Every route records credentials that were refused, but not
 * requests without one, which name nobody.
 *
 * @param act what the route does; undefined if it is not recorded
 * @param imageId of the path or the answer
 * @param problem in the answer
 */
export function auditRequest(
  act: AuditedAct | undefined,
  { event, context }: { event: ApiEvent; context: Context },
  { imageId, problem }: { imageId: string | undefined; problem: ProblemSlug | undefined },
): void {
  const { authorizer, http } = event.requestContext
  const { app, kind, credential, uploader, refusal, overLimit } = authorizer?.lambda ?? {}
  const isRefused = problem === 'unauthenticated' && refusal !== undefined && refusal !== 'missing'
  const named = concerned.get(event)
  // Who waits for an image asks again and again: what counts is that links were given out.
  const isUnnoted = act === 'links.read' && problem === undefined && !named?.length
  // A client in a loop would fill the trail, and nothing was done.
  if (overLimit !== undefined) return
  if (!isRefused && (act === undefined || isUnnoted || problem === 'unauthenticated')) return
  const images = named ?? idsOf(imageId)
  record({
    act: isRefused ? 'credential.refused' : (act as AuditedAct),
    outcome: isRefused ? refusal : (problem ?? 'done'),
    app,
    ...(images.length > 0 && { images }),
    who: { kind, credential, uploader },
    from: { ip: http.sourceIp, client: clientFamily(http.userAgent) },
    requestId: context.awsRequestId,
  })
}

function idsOf(text: string | undefined): ImageId[] {
  const { data } = ImageId.safeParse(text?.toLowerCase())
  return data === undefined ? [] : [data]
}
