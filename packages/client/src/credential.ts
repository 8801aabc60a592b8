import { networkError, noCredential, parseJson, responseError } from './darkroom-error.ts'

/** An upload token, as `POST /v1/tokens` answers. */
export interface IssuedToken {
  token: string
  /** ISO 8601. */
  expiresAt: string
}

/**
 * A key or token, or a function that returns the current one. The function can return a token with its expiry, or the response of
 * your server that contains one: then the token is kept until shortly before it expires. In any case the function is called again
 * after the API has refused what it returned.
 */
export type Credential = string | (() => Issued | Promise<Issued>)
type Issued = string | IssuedToken | Response

/** Before its expiry, a token is replaced: a request can take a while to arrive. */
const MARGIN_MS = 30_000

/** Returns the credential for a request. @param refused what the API has just refused, so that it is not returned again */
export type CredentialSource = (refused?: string) => Promise<string>

/** @param timeoutMs after which a function that has not answered has failed */
export function createCredentialSource(credential: Credential, timeoutMs: number): CredentialSource {
  if (typeof credential === 'string') return async () => credential
  let kept: { token: string; until: number } | undefined
  let asking: Promise<string> | undefined

  async function ask(issue: Exclude<Credential, string>): Promise<string> {
    const issued = await within(timeoutMs, Promise.resolve().then(issue)).catch((cause) => {
      throw cause?.name === 'DarkroomError' ? cause : networkError(cause)
    })
    if (typeof issued === 'string') return issued
    // Many sign-in libraries return undefined if nobody is signed in.
    if (!issued || !('token' in issued || 'text' in issued)) throw noCredential()
    const { token, expiresAt } = 'token' in issued ? issued : await readResponse(issued)
    kept = { token, until: Date.parse(expiresAt) - MARGIN_MS }
    return token
  }

  return (refused) => {
    if (kept && (kept.token === refused || kept.until <= Date.now())) kept = undefined
    if (kept) return Promise.resolve(kept.token)
    // Requests that wait for a credential at the same time share it.
    asking ??= ask(credential).finally(() => {
      asking = undefined
    })
    return asking
  }
}

function within<Result>(timeoutMs: number, promise: Promise<Result>): Promise<Result> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(networkError()), timeoutMs)
  })
  return Promise.race([promise, timeout]).finally(() => clearTimeout(timer))
}

/** @throws DarkroomError as the server of the page has answered */
async function readResponse(response: Response): Promise<IssuedToken> {
  const text = await response.text().catch((cause) => {
    throw networkError(cause)
  })
  const issued = response.ok ? parseJson(text) : undefined
  if (typeof issued?.token === 'string' && typeof issued.expiresAt === 'string') return issued
  throw responseError({ status: response.status, text, header: (name) => response.headers.get(name) })
}
