import type { Broker } from '../broker.ts'
import type { Type } from '../wire/types.ts'

export interface RequestContext {
  broker: Broker
  version: number
  clientId: string
}

/** One request type of the protocol and its handler: https://kafka.apache.org/protocol#protocol_api_keys */
export interface Api<Request = unknown, Response = unknown> {
  key: number
  /** The first and last supported version. */
  versions: [number, number]
  /** First version with flexible fields (KIP-482). */
  flexibleSince: number
  request: Type<Request>
  response: Type<Response>
  /** Returns undefined if the client expects no response. */
  handle(request: Request, context: RequestContext): Response | undefined | Promise<Response | undefined>
}

/** Infers the request and response types. */
export function defineApi<Request, Response>(api: Api<Request, Response>): Api {
  return api as Api
}
