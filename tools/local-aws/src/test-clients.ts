import { S3Client } from '@aws-sdk/client-s3'
import { SNSClient } from '@aws-sdk/client-sns'
import { SQSClient } from '@aws-sdk/client-sqs'
import { signedHeaders } from './signatures.ts'

const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }

interface PlainRequest {
  method?: string
  /** In lower case. */
  headers?: Record<string, string>
  body?: string
}

/** Its headers with a signature, for requests without the SDK. */
export function signed(url: string, { method = 'GET', headers = {}, body = '' }: PlainRequest = {}) {
  const { host, pathname, search } = new URL(url)
  const request = { method, url: pathname + search, headers: { host, ...headers } }
  return signedHeaders(request, body, { service: 's3', region: 'us-east-1' })
}

/** `fetch` of a signed request. */
export function fetchSigned(url: string, request: PlainRequest = {}): Promise<Response> {
  const { host: _, ...headers } = signed(url, request)
  return fetch(url, { ...request, headers })
}

/** One attempt only, so that tests see the server's first response. */
const shared = { region: 'us-east-1', credentials, maxAttempts: 1 }

export function s3For(endpoint: string): S3Client {
  return new S3Client({ ...shared, endpoint })
}

export function sqsFor(endpoint: string): SQSClient {
  return new SQSClient({ ...shared, endpoint })
}

export function snsFor(endpoint: string): SNSClient {
  return new SNSClient({ ...shared, endpoint })
}
