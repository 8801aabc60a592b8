import {
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  randomBytes,
  randomInt,
} from 'node:crypto'

// Without zod, and exported as `@darkroom/core/api-key`: the authorizer loads this file, and every request waits for it.

/** `test`: a key of the local stack. `live`: a key of a deployed stage. */
export type KeyMode = 'live' | 'test'

/**
 * An API key: `dk_live_5b0c1f2a9d3e4f60_…`. It ends with a CRC-32, so a mistyped key is refused without a lookup, and secret
 * scanners can recognize a key by itself. The id is public: it appears in lists and logs.
 */
export interface ApiKey {
  mode: KeyMode
  /** 16 hex digits. The first 8 are the same for all keys of an app, so that S3 lists them together. */
  keyId: string
  /** 32 letters and digits: 190 bits. */
  secret: string
}

const KEY = /^dk_(?<mode>live|test)_(?<keyId>[0-9a-f]{16})_(?<secret>[A-Za-z0-9]{32})[0-9a-f]{8}$/
const LETTERS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** A new key of an app. */
export function newApiKey(app: string, mode: KeyMode): ApiKey {
  const keyId = keyIdPrefix(app) + randomBytes(4).toString('hex')
  const secret = Array.from({ length: 32 }, () => LETTERS[randomInt(LETTERS.length)]).join('')
  return { mode, keyId, secret }
}

/** The first digits of the ids of an app's keys. Two apps can have the same: the record of a key names its app. */
export function keyIdPrefix(app: string): string {
  return sha256Hex(app).slice(0, 8)
}

export function formatApiKey({ mode, keyId, secret }: ApiKey): string {
  const text = `dk_${mode}_${keyId}_${secret}`
  return text + crc32(text)
}

/** Undefined if it is not an API key, or was mistyped. */
export function parseApiKey(text: string): ApiKey | undefined {
  const { mode, keyId = '', secret = '' } = KEY.exec(text)?.groups ?? {}
  const key = { mode: mode as KeyMode, keyId, secret }
  return keyId && formatApiKey(key) === text ? key : undefined
}

/** CRC-32 as in zip and PNG, in hex. */
function crc32(text: string): string {
  let crc = -1
  for (const byte of Buffer.from(text)) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 && 0xedb88320)
  }
  return ((crc ^ -1) >>> 0).toString(16).padStart(8, '0')
}

/** What a credential may do. `read:all`: see the images of all uploaders of the app. */
export const SCOPES = ['upload', 'read', 'read:all', 'erase'] as const
export type Scope = (typeof SCOPES)[number]

/** What is stored of a key: `credentials/{keyId}.json`. The key itself is not stored. */
export interface KeyRecord {
  app: string
  /** Of the whole key, in hex. */
  sha256: string
  /** The public half of the key that signs upload tokens: see `signingKeyOf`. */
  tokenKey: string
  scopes: Scope[]
  /** ISO 8601, as all times here. */
  createdAt: string
  expiresAt?: string
  revokedAt?: string
}

/** The record of a new key. */
export function recordOf(key: ApiKey, app: string, createdAt = new Date()): KeyRecord {
  const apiKey = formatApiKey(key)
  return {
    app,
    sha256: sha256Hex(apiKey),
    tokenKey: String(createPublicKey(signingKeyOf(apiKey)).export({ format: 'jwk' }).x),
    scopes: [...SCOPES],
    createdAt: createdAt.toISOString(),
  }
}

/** An Ed25519 key as PKCS #8 (RFC 8410), before its 32 bytes. */
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex')

/**
 * The Ed25519 key that signs the upload tokens of an API key. It is derived from the API key, so it is stored nowhere, and who
 * reads the records of keys can check tokens but not make them.
 */
export function signingKeyOf(apiKey: string): KeyObject {
  const seed = createHmac('sha256', apiKey).update('darkroom upload tokens').digest()
  return createPrivateKey({ key: Buffer.concat([PKCS8_HEAD, seed]), format: 'der', type: 'pkcs8' })
}

/** @throws Error that names what is wrong */
export function parseKeyRecord(json: string): KeyRecord {
  const { app, sha256, tokenKey, scopes, createdAt, expiresAt, revokedAt } = JSON.parse(json)
  const isValid =
    /^[a-z0-9-]{1,32}$/.test(app) &&
    /^[0-9a-f]{64}$/.test(sha256) &&
    /^[A-Za-z0-9_-]{43}$/.test(tokenKey) &&
    Array.isArray(scopes) &&
    isTime(createdAt) &&
    (expiresAt === undefined || isTime(expiresAt)) &&
    (revokedAt === undefined || isTime(revokedAt))
  if (!isValid) throw new Error('a record of an API key is damaged')
  const known = SCOPES.filter((scope) => scopes.includes(scope))
  return {
    app,
    sha256,
    tokenKey,
    scopes: known,
    createdAt,
    ...(expiresAt !== undefined && { expiresAt }),
    ...(revokedAt !== undefined && { revokedAt }),
  }
}

function isTime(value: unknown): value is string {
  return typeof value === 'string' && !Number.isNaN(Date.parse(value))
}

/** Why a key cannot be used now; undefined if it can. */
export function endOf({ expiresAt, revokedAt }: KeyRecord, now: number): 'revoked' | 'expired' | undefined {
  if (revokedAt !== undefined && Date.parse(revokedAt) <= now) return 'revoked'
  return expiresAt !== undefined && Date.parse(expiresAt) <= now ? 'expired' : undefined
}

export interface CredentialRef {
  keyId: string
}

/** Of the record of an API key. Part of the layout in keys.ts. @throws RangeError if the id could reach outside its prefix */
export function credentialKey({ keyId }: CredentialRef): string {
  return `${credentialPrefix(requireKeyId(keyId))}.json`
}

export function parseCredentialKey(key: string): CredentialRef | undefined {
  return refOf(/^credentials\/([0-9a-f]{16})\.json$/.exec(key))
}

/** Of the empty object that is written when a key is used for the first time on a day. */
export function lastUseKey({ keyId }: CredentialRef): string {
  return `${credentialPrefix(requireKeyId(keyId))}.used`
}

export function parseLastUseKey(key: string): CredentialRef | undefined {
  return refOf(/^credentials\/([0-9a-f]{16})\.used$/.exec(key))
}

/** The prefix of what is stored of keys whose ids start with `start`. */
export function credentialPrefix(start: string): string {
  return `credentials/${start}`
}

function requireKeyId(keyId: string): string {
  if (/^[0-9a-f]{16}$/.test(keyId)) return keyId
  throw new RangeError('the id of an API key must be 16 hex digits')
}

function refOf(match: RegExpExecArray | null): CredentialRef | undefined {
  return match?.[1] === undefined ? undefined : { keyId: match[1] }
}

function sha256Hex(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
