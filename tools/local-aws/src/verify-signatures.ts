import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { localCredentials } from './aws-environment.ts'
import { isForm } from './guard-requests.ts'
import { S3Error } from './s3-error.ts'
import {
  ALGORITHM,
  canonicalRequest,
  sha256,
  signatureMismatch,
  signatureOf,
  unknownAccessKey,
} from './signatures.ts'

const MAX_EXPIRES_SECONDS = 604_800

type Query = Record<string, string | undefined>

/**
 * Refuses requests that are neither signed nor presigned by the local credentials: the signature in an `Authorization` header,
 * and of presigned URLs their parameters and expiration too. A signature covers the method, the path, the query, and headers such as
 * a part's Content-Length. Those of presigned POSTs are in their forms (post-policy.ts).
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html,
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
 *
 * The request fails with S3Error `AccessDenied`, `SignatureDoesNotMatch`, `InvalidAccessKeyId`, `InvalidRequest`,
 * `AuthorizationHeaderMalformed` or `AuthorizationQueryParametersError`.
 */
export function verifySignatures(app: FastifyInstance): void {
  app.addHook('onRequest', async (request) => {
    const query = request.query as Query
    if (request.method === 'OPTIONS' || isUnguarded(request) || isForm(request)) return
    if (Object.keys(query).some((name) => name.startsWith('X-Amz-'))) {
      if (query['X-Amz-Signature'] === undefined || isCall(request)) throw accessDenied()
      verifyPresigned(request, readParameters(query))
    } else if (request.headers.authorization === undefined) throw accessDenied()
    else if (!isCall(request)) verifyHeader(request, hashInHeader(request))
  })
  app.addHook('preParsing', async (request, _reply, payload) => {
    if (!isCall(request)) return payload
    const body = await buffer(payload)
    verifyHeader(request, sha256(body))
    return Readable.from([body])
  })
}

/** A call of SQS, SNS or DynamoDB: many clients sign the hash of its body and do not send it. */
function isCall({ method, params }: FastifyRequest): boolean {
  return method === 'POST' && (params as { bucket?: string }).bucket === undefined
}

/** Answers whether the server runs. */
function isUnguarded({ url }: FastifyRequest): boolean {
  return url === '/health'
}

/** Whether the body has this hash is checked where it is read (verify-puts.ts). */
function hashInHeader({ headers }: FastifyRequest): string {
  const hash = headers['x-amz-content-sha256']
  if (typeof hash === 'string') return hash
  throw new S3Error(400, 'InvalidRequest', 'Missing required header for this request: x-amz-content-sha256')
}

const accessDenied = () => new S3Error(403, 'AccessDenied', 'Access Denied')

/** Who signed what. */
interface Signature {
  accessKeyId: string
  /** Date, region, service and `aws4_request`. */
  scope: string[]
  date: string
  signedHeaders: string[]
  signature: string
}

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 +Credential=(?<credential>[^,\s]+),\s*SignedHeaders=(?<signed>[^,\s]+),\s*Signature=(?<signature>[0-9a-f]+)$/

function verifyHeader(request: FastifyRequest, payloadHash: string): void {
  const { authorization = '', 'x-amz-date': date } = request.headers
  const { credential = '', signed = '', signature = '' } = AUTHORIZATION.exec(authorization)?.groups ?? {}
  const [accessKeyId = '', ...scope] = credential.split('/')
  if (scope.length !== 4 || typeof date !== 'string') {
    throw new S3Error(400, 'AuthorizationHeaderMalformed', 'The authorization header is malformed.')
  }
  verify(request, { accessKeyId, scope, date, signedHeaders: signed.split(';'), signature }, payloadHash)
}

interface Parameters extends Signature {
  expires: number
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

function verifyPresigned(request: FastifyRequest, parameters: Parameters): void {
  requireNotExpired(parameters)
  verify(request, parameters, 'UNSIGNED-PAYLOAD')
}

function verify(request: FastifyRequest, signed: Signature, payloadHash: string): void {
  const { accessKeyId, scope, date, signedHeaders, signature } = signed
  if (accessKeyId !== localCredentials.accessKeyId) throw unknownAccessKey(accessKeyId)
  requireAllSigned(request, signed)
  const { method, originalUrl: url, headers } = request
  const canonical = canonicalRequest({ method, url, headers }, signedHeaders, payloadHash)
  const stringToSign = [ALGORITHM, date, scope.join('/'), sha256(canonical)].join('\n')
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
function requireAllSigned({ headers }: FastifyRequest, { signedHeaders }: Signature): void {
  const unsigned = Object.keys(headers).filter(
    (name) => name.startsWith('x-amz-') && !signedHeaders.includes(name),
  )
  if (unsigned.length === 0) return
  throw new S3Error(403, 'AccessDenied', 'There were headers present in the request which were not signed', {
    HeadersNotSigned: unsigned.join(', '),
  })
}
