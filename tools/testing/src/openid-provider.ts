import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  type CryptoKey,
  exportJWK,
  generateKeyPair,
  type JWK,
  type JWTHeaderParameters,
  type JWTPayload,
  SignJWT,
} from 'jose'
import { Provider } from 'oidc-provider/lib/provider.js'

const CLIENT = {
  client_id: 'page',
  client_secret: 'secret',
  redirect_uris: [],
  response_types: [],
  grant_types: ['client_credentials'],
}

/** A key pair with an id. */
export interface SigningKey {
  kid: string
  alg: string
  privateKey: CryptoKey
  /** With the private part. */
  jwk: JWK
}

export async function newSigningKey(kid: string, alg = 'RS256'): Promise<SigningKey> {
  const { privateKey } = await generateKeyPair(alg, { extractable: true })
  return { kid, alg, privateKey, jwk: { ...(await exportJWK(privateKey)), kid, alg, use: 'sig' } }
}

/** A JWT with these claims, signed with the key. */
export function signJwt(
  { kid, alg, privateKey }: SigningKey,
  claims: JWTPayload,
  header: Partial<JWTHeaderParameters> = {},
): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg, kid, typ: 'at+jwt', ...header }).sign(privateKey)
}

/** Its access tokens are JWTs, so it has nothing to store. */
const nothing = async () => undefined
const NOTHING_STORED = {
  upsert: nothing,
  find: nothing,
  findByUserCode: nothing,
  findByUid: nothing,
  consume: nothing,
  destroy: nothing,
  revokeByGrantId: nothing,
}

/** An OpenID provider (oidc-provider, which is certified) on loopback. It signs with the first of the keys. */
export async function startOpenIdProvider(keys: SigningKey[]) {
  let handle: ReturnType<Provider['callback']>
  let published = keys
  /** Answers instead of the provider. */
  let instead: ((url: string, response: ServerResponse) => boolean) | undefined
  const requests: string[] = []
  const server = createServer((request, response) => {
    const url = request.url ?? ''
    requests.push(url)
    if (instead?.(url, response)) return
    if (url === '/jwks') response.end(JSON.stringify({ keys: published.map(publicPart) }))
    else handle(request, response)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const provider = new Provider(issuer, {
    adapter: () => NOTHING_STORED,
    clients: [CLIENT],
    jwks: { keys: keys.map(({ jwk }) => jwk as never) },
    cookies: { keys: ['test'] },
    ttl: { AccessToken: 3600 },
    features: { clientCredentials: { enabled: true }, devInteractions: { enabled: false } },
  })
  handle = provider.callback()

  return {
    issuer,
    /** The paths that it was asked for. */
    requests,
    /** Publishes other keys. */
    publish(others: SigningKey[]): void {
      published = others
    },
    /** Lets a function answer, until it is called without one. The function returns false to leave a request to the provider. */
    answerInstead(answer?: (url: string, response: ServerResponse) => boolean): void {
      instead = answer
    },
    /** An access token as the provider gives it to a page that a user has signed in to. */
    async accessToken(user: string, audience: string, scope = ''): Promise<string> {
      const client = await provider.Client.find(CLIENT.client_id)
      if (!client) throw new Error('the provider has no client')
      const token = new provider.AccessToken({ accountId: user, client, gty: 'authorization_code' } as never)
      token.resourceServer = new provider.ResourceServer(audience, {
        scope,
        audience,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: 'RS256' } },
      })
      token.scope = scope
      return token.save()
    },
    async stop(): Promise<void> {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

function publicPart({ jwk: { d, p, q, dp, dq, qi, ...jwk } }: SigningKey): JWK {
  return jwk
}
