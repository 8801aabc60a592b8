import type { Broker } from '../broker.ts'
import type { Type } from '../wire/types.ts'

export type RequestContext = { broker: Broker; version: number; clientId: string }

/** One request of the protocol and the answer to it: https://kafka.apache.org/protocol#protocol_api_keys */
export type Api<Request = unknown, Response = unknown> = {
  key: number
  /** The first and the last version that is answered. */
  versions: [number, number]
  /** Since KIP-482, different for each request. */
  flexibleSince: number
  request: Type<Request>
  response: Type<Response>
  /** Undefined where the client waits for no answer. */
  answer(request: Request, context: RequestContext): Response | undefined | Promise<Response | undefined>
}

/** Lets TypeScript infer what the request and the response hold. */
export function defineApi<Request, Response>(api: Api<Request, Response>): Api {
  return api as Api
}
