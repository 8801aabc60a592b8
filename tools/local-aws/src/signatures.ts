import { createHash, createHmac } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { localCredentials } from './aws-environment.ts'
import { S3Error } from './s3-error.ts'

export const ALGORITHM = 'AWS4-HMAC-SHA256'

/**
 * The signature of a text by the local credentials.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html ("Calculate signature")
 *
 * @param scope date, region, service and `aws4_request`
 */
export function signatureOf(text: string, scope: string[]): string {
  const key = scope.reduce<string | Buffer>(
    (secret, part) => createHmac('sha256', secret).update(part).digest(),
    `AWS4${localCredentials.secretAccessKey}`,
  )
  return createHmac('sha256', key).update(text).digest('hex')
}

export function unknownAccessKey(accessKeyId: string): S3Error {
  return new S3Error(
    403,
    'InvalidAccessKeyId',
    'The AWS Access Key Id you provided does not exist in our records.',
    { AWSAccessKeyId: accessKeyId },
  )
}

export function signatureMismatch(details: Record<string, string> = {}): S3Error {
  return new S3Error(
    403,
    'SignatureDoesNotMatch',
    'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
    details,
  )
}

/** What a signature covers. */
export interface SignedRequest {
  method: string
  /** The path and the query. */
  url: string
  /** In lower case, with `host`. */
  headers: IncomingHttpHeaders
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html ("Task 1") */
export function canonicalRequest(
  { method, url, headers }: SignedRequest,
  signedHeaders: string[],
  payloadHash: string,
): string {
  const [path = '', query = ''] = url.split(/\?(.*)/s)
  const parameters = query
    .split('&')
    .filter((parameter) => parameter !== '' && !parameter.startsWith('X-Amz-Signature='))
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
    payloadHash,
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

/** The headers of a request with a signature of the local credentials, for requests without the SDK. Only S3 needs the body's hash. */
export function signedHeaders(
  { method, url, headers: own }: { method: string; url: string; headers: Record<string, string> },
  body: string,
  { service, region }: { service: string; region: string },
): Record<string, string> {
  const date = new Date().toISOString().replace(/[-:]|\.\d+/g, '')
  const hash = own['x-amz-content-sha256'] ?? sha256(body)
  const headers = { ...own, 'x-amz-date': date, ...(service === 's3' && { 'x-amz-content-sha256': hash }) }
  const names = Object.keys(headers).sort()
  const scope = [date.slice(0, 8), region, service, 'aws4_request']
  const canonical = canonicalRequest({ method, url, headers }, names, hash)
  const signature = signatureOf([ALGORITHM, date, scope.join('/'), sha256(canonical)].join('\n'), scope)
  const credential = [localCredentials.accessKeyId, ...scope].join('/')
  const authorization = `${ALGORITHM} Credential=${credential}, SignedHeaders=${names.join(';')}, Signature=${signature}`
  return { ...headers, authorization }
}

export const sha256 = (data: string | Uint8Array) => createHash('sha256').update(data).digest('hex')
