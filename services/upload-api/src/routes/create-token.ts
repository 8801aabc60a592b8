import { randomUUID } from 'node:crypto'
import { formatUploadToken, type IssuedToken, parseOrRefuse, TokenRequest } from '@darkroom/core'
import { jsonAnswer } from '../http/answer.ts'
import { apiHandlerWithBody } from '../http/api-handler.ts'
import { credentialOf, requireCaller } from '../http/request.ts'

/**
 * `POST /v1/tokens`: an upload token for a page or a phone. It is stored nowhere: it is signed with a key that is derived from the
 * API key in this request (decisions/0049-upload-tokens.md).
 */
export const handler = apiHandlerWithBody(
  async (event) => {
    const caller = requireCaller(event)
    const { expiresIn, uploader: named, scopes, ...limits } = parseOrRefuse(TokenRequest, event.body, 'body')
    const uploader = named ?? (scopes.includes('read:all') ? undefined : `anonymous-${randomUUID()}`)
    const exp = Math.min(Math.floor(Date.now() / 1000) + expiresIn, endOf(caller.expiresAt))
    const token = formatUploadToken(credentialOf(event), { scopes, uploader, ...limits, exp })
    const expiresAt = new Date(exp * 1000).toISOString()
    return jsonAnswer(201, { token, expiresAt, ...(uploader && { uploader }) } satisfies IssuedToken)
  },
  { scope: 'key', isJsonOnly: true, audit: 'token.created' },
)

/** In Unix seconds. A token does not outlive its key. */
function endOf(expiresAt: string | undefined): number {
  return expiresAt === undefined ? Number.POSITIVE_INFINITY : Math.floor(Date.parse(expiresAt) / 1000)
}
