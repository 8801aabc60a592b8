import { createHash } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { localCredentials } from './aws-environment.ts'
import { isForm } from './guard-requests.ts'
import { S3Error } from './s3-error.ts'
import { signatureMismatch, signatureOf, unknownAccessKey } from './signatures.ts'

const ALGORITHM = 'AWS4-HMAC-SHA256'
const MAX_EXPIRES_SECONDS = 604_800

type Query = Record<string, string | undefined>

/**
 * Refuses requests for buckets and objects that are neither signed nor presigned, and checks presigned URLs: their
 * parameters, expiration and signature, and with it the method, the path, and the headers that the signature covers, such as
 * a part's Content-Length. The signature in an `Authorization` header is not checked.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
 *
 * The request fails with S3Error `AccessDenied`, `SignatureDoesNotMatch`, `InvalidAccessKeyId` or
 * `AuthorizationQueryParametersError`.
 */
export function verifyPresignedUrls(app: FastifyInstance): void {
  app.addHook('onRequest', async (request) => {
    const { bucket } = request.params as { bucket?: string }
    if (bucket === undefined || request.method === 'OPTIONS') return
    const query = request.query as Query
    const isPresigned = Object.keys(query).some((name) => name.startsWith('X-Amz-'))
    if (isPresigned && query['X-Amz-Signature'] !== undefined) verify(request, readParameters(query))
    else if (isPresigned || !(request.headers.authorization || isForm(request))) {
      throw new S3Error(403, 'AccessDenied', 'Access Denied')
    }
  })
}

interface Parameters {
  accessKeyId: string
  /** Date, region, service and `aws4_request`. */
  scope: string[]
  date: string
  expires: number
  signedHeaders: string[]
  signature: string
}

function readParameters(query: Query): Parameters {
  const read = (name: string): string => {
    const value = query[`X-Amz-${name}`]
    if (value !== undefined) return value
    throw invalidParameter(
      'Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.',
    )
  }
  if (read('Algorithm') !== ALGORITHM) {
    throw invalidParameter(`X-Amz-Algorithm only supports "${ALGORITHM}"`)
  }
  const [accessKeyId = '', ...scope] = read('Credential').split('/')
  const expires = Number(read('Expires'))
  if (!(expires >= 0 && expires <= MAX_EXPIRES_SECONDS)) {
    throw invalidParameter('X-Amz-Expires must be between 0 and 604800 seconds')
  }
  const signedHeaders = read('SignedHeaders').split(';')
  return { accessKeyId, scope, date: read('Date'), expires, signedHeaders, signature: read('Signature') }
}

function invalidParameter(message: string): S3Error {
  return new S3Error(400, 'AuthorizationQueryParametersError', message)
}

function verify(request: FastifyRequest, parameters: Parameters): void {
  const { accessKeyId, scope, date, signature } = parameters
  requireNotExpired(parameters)
  if (accessKeyId !== localCredentials.accessKeyId) throw unknownAccessKey(accessKeyId)
  requireAllSigned(request, parameters)
  const canonical = canonicalRequest(request, parameters)
  const hash = createHash('sha256').update(canonical).digest('hex')
  const stringToSign = [ALGORITHM, date, scope.join('/'), hash].join('\n')
  if (signatureOf(stringToSign, scope) === signature) return
  throw signatureMismatch({
    AWSAccessKeyId: accessKeyId,
    StringToSign: stringToSign,
    SignatureProvided: signature,
    CanonicalRequest: canonical,
  })
}

function requireNotExpired({ date, expires }: Parameters): void {
  const end = new Date(fromBasicFormat(date).getTime() + expires * 1000)
  const now = new Date()
  if (now < end) return
  throw new S3Error(403, 'AccessDenied', 'Request has expired', {
    'X-Amz-Expires': expires,
    Expires: end.toISOString(),
    ServerTime: now.toISOString(),
  })
}

/** @throws S3Error unless the date looks like `20261123T100000Z` */
function fromBasicFormat(date: string): Date {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(date)
  const [, year, month, day, hour, minute, second] = match ?? []
  const time = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  if (!Number.isNaN(time.getTime())) return time
  throw invalidParameter("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"")
}

/** A header such as `x-amz-meta-app` counts only if the signer knew it. */
function requireAllSigned({ headers }: FastifyRequest, { signedHeaders }: Parameters): void {
  const unsigned = Object.keys(headers).filter(
    (name) => name.startsWith('x-amz-') && !signedHeaders.includes(name),
  )
  if (unsigned.length === 0) return
  throw new S3Error(403, 'AccessDenied', 'There were headers present in the request which were not signed', {
    HeadersNotSigned: unsigned.join(', '),
  })
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html ("Task 1"), with an unsigned payload. */
function canonicalRequest(
  { method, headers, originalUrl }: FastifyRequest,
  { signedHeaders }: Parameters,
): string {
  const [path = '', query = ''] = originalUrl.split(/\?(.*)/s)
  const parameters = query
    .split('&')
    .filter((parameter) => !parameter.startsWith('X-Amz-Signature='))
    .map((parameter) => {
      const [name = '', value = ''] = parameter.split(/=(.*)/s)
      return [encodeAgain(name), encodeAgain(value)] as const
    })
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map((pair) => pair.join('='))
  const canonicalHeaders = signedHeaders.map(
    (name) =>
      `${name}:${String(headers[name] ?? '')
        .trim()
        .replace(/ +/g, ' ')}\n`,
  )
  return [
    method,
    path.split('/').map(encodeAgain).join('/'),
    parameters.join('&'),
    canonicalHeaders.join(''),
    signedHeaders.join(';'),
    'UNSIGNED-PAYLOAD',
  ].join('\n')
}

/** As AWS encodes it, however the client did. */
function encodeAgain(text: string): string {
  return encodeURIComponent(decode(text)).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
