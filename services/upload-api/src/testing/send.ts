import { randomUUID } from 'node:crypto'
import { SCOPES } from '@darkroom/core'
import type { Context } from 'aws-lambda'
import type { ApiResult } from '../http/answer.ts'
import type { LimitedCaller, Refusal } from '../http/caller.ts'
import type { ApiEvent } from '../http/request.ts'

/** A request of a test. A body of bytes becomes base64, as in the gateway's events. */
export interface TestRequest {
  method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  path?: string
  /** The app of the credential; without it, the request has no credential. */
  app?: string
  /** Why the authorizer refused the credential, if there is no app. Default: there was none. */
  refusal?: Refusal['refusal']
  /** What is not as of an API key with all scopes. */
  caller?: Partial<LimitedCaller>
  headers?: Record<string, string>
  query?: Record<string, string>
  /** The query as it is in the URL. */
  rawQuery?: string
  id?: string
  body?: string | Uint8Array
  /** Sent as a JSON body. */
  json?: object
  userAgent?: string
}

export interface Answer {
  status: number
  headers: Record<string, unknown>
  // biome-ignore lint/suspicious/noExplicitAny: tests read any field
  body: any
}

type Handler = (event: ApiEvent, context: Context) => Promise<ApiResult>

/** Invokes a handler as an HTTP API does (payload format 2.0). */
export async function send(handler: unknown, request: TestRequest = {}): Promise<Answer> {
  const context = { awsRequestId: randomUUID(), functionName: 'test' } as Context
  const { statusCode = 0, headers = {}, body } = await (handler as Handler)(toEvent(request), context)
  return { status: statusCode, headers, body: body === undefined ? undefined : JSON.parse(body) }
}

function toEvent({
  method = 'GET',
  path,
  app,
  refusal = 'missing',
  caller,
  headers = {},
  query,
  rawQuery = new URLSearchParams(query).toString(),
  id,
  json,
  body = json && JSON.stringify(json),
  userAgent = 'test',
}: TestRequest): ApiEvent {
  const rawPath = path ?? (id === undefined ? '/v1/images' : `/v1/images/${id}`)
  return {
    version: '2.0',
    routeKey: `${method} ${rawPath}`,
    rawPath,
    rawQueryString: rawQuery,
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
    requestContext: {
      accountId: '000000000000',
      apiId: 'test',
      domainName: 'test.example',
      domainPrefix: 'test',
      http: { method, path: rawPath, protocol: 'HTTP/1.1', sourceIp: '192.0.2.1', userAgent },
      requestId: randomUUID(),
      routeKey: `${method} ${rawPath}`,
      stage: '$default',
      time: '23/Nov/2026:10:00:00 +0000',
      timeEpoch: Date.now(),
      authorizer: {
        lambda:
          app === undefined
            ? { refusal, ...caller }
            : { app, credential: 'c0ffee1234567890', kind: 'key', scopes: SCOPES.join(' '), ...caller },
      },
    },
    isBase64Encoded: body instanceof Uint8Array,
    ...(query && { queryStringParameters: query }),
    ...(id !== undefined && { pathParameters: { id } }),
    ...(body !== undefined && {
      body: typeof body === 'string' ? body : Buffer.from(body).toString('base64'),
    }),
  }
}
