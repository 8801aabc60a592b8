import { createHash } from 'node:crypto'
import { readPreferWait } from '@darkroom/core'
import { knownRetrySeconds } from '../backlog.ts'
import { jsonAnswer } from '../http/answer.ts'
import { apiHandler } from '../http/api-handler.ts'
import { concerns } from '../http/audit-request.ts'
import { forCaller } from '../http/caller.ts'
import { requireCaller, requireImage } from '../http/request.ts'
import { idsWithLinks, toImageStatus } from '../status/to-image-status.ts'
import { waitForImage } from '../status/wait.ts'

/** `GET /v1/images/{id}` */
export const handler = apiHandler(
  async (event) => {
    const image = requireImage(event)
    const wait = readPreferWait(event.headers.prefer)
    const found = await waitForImage(image, wait ?? 0)
    const status = forCaller(requireCaller(event), { ...(await toImageStatus(found)), id: image.imageId })
    const etag = `"${createHash('sha256').update(JSON.stringify(status)).digest('base64url').slice(0, 22)}"`
    const headers = {
      etag,
      'cache-control': 'private, no-cache',
      ...(wait !== undefined && { 'preference-applied': `wait=${wait}` }),
      ...(status.status === 'queued' && { 'retry-after': Math.max(1, knownRetrySeconds()) }),
    }
    if (matches(event.headers['if-none-match'], etag)) return { statusCode: 304, headers }
    concerns(event, idsWithLinks([status]))
    return jsonAnswer(200, status, headers)
  },
  { scope: 'read', audit: 'links.read' },
)

/** RFC 9110, section 13.1.2: a list of entity tags, compared weakly. */
function matches(ifNoneMatch: string | undefined, etag: string): boolean {
  const tags = ifNoneMatch?.split(',').map((tag) => tag.trim().replace(/^W\//, '')) ?? []
  return tags.includes(etag) || tags.includes('*')
}
