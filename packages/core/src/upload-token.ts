import { createPublicKey, sign, verify } from 'node:crypto'
import { parseApiKey, SCOPES, type Scope, signingKeyOf } from './api-key.ts'

// Without zod, and exported as `@darkroom/core/upload-token`, for the same reason as api-key.ts.

export const MAX_UPLOADER_BYTES = 128

/** Whether a value can name an uploader: well-formed text of 1 to 128 bytes of UTF-8. */
export function isUploader(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value !== '' &&
    value.isWellFormed() &&
    Buffer.byteLength(value) <= MAX_UPLOADER_BYTES
  )
}

/** What an upload token allows. */
export interface TokenClaims {
  scopes: Scope[]
  /** The app's own user. Without `read:all`, the token sees this user's images only. */
  uploader?: string | undefined
  /** Of one image. */
  maxBytes?: number | undefined
  /** Media types of images. */
  contentTypes?: string[] | undefined
  /** Unix seconds. */
  exp: number
}

/**
 * An upload token, `dt_{id of the API key}.{claims}.{signature}`: claims in JSON and an Ed25519 signature of everything before it,
 * both in base64url. It is stored nowhere.
 *
 * @throws Error if `apiKey` is none
 */
export function formatUploadToken(apiKey: string, claims: TokenClaims): string {
  const key = parseApiKey(apiKey)
  if (!key) throw new Error('an upload token is signed with an API key')
  const text = `dt_${key.keyId}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`
  return `${text}.${sign(null, Buffer.from(text), signingKeyOf(apiKey)).toString('base64url')}`
}

export interface UploadToken {
  keyId: string
  /** What is signed. */
  text: string
  claims: string
  signature: string
}

const TOKEN =
  /^(?<text>dt_(?<keyId>[0-9a-f]{16})\.(?<claims>[A-Za-z0-9_-]+))\.(?<signature>[A-Za-z0-9_-]{86})$/

/** Undefined if it is not a token. Nothing in it is verified yet. */
export function parseUploadToken(token: string): UploadToken | undefined {
  const { text = '', keyId = '', claims = '', signature = '' } = TOKEN.exec(token)?.groups ?? {}
  return keyId ? { keyId, text, claims, signature } : undefined
}

/** The claims of a token; undefined if another key signed it. @param tokenKey of the record of its API key */
export function verifyUploadToken(token: UploadToken, tokenKey: string): TokenClaims | undefined {
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: tokenKey }, format: 'jwk' })
  if (!verify(null, Buffer.from(token.text), key, Buffer.from(token.signature, 'base64url'))) return undefined
  const claims: TokenClaims = JSON.parse(Buffer.from(token.claims, 'base64url').toString())
  return { ...claims, scopes: SCOPES.filter((scope) => claims.scopes.includes(scope)) }
}
