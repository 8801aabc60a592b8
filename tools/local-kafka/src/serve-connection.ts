import type { Socket } from 'node:net'
import { API_VERSIONS, apisByKey } from './apis/all-apis.ts'
import type { Api, RequestContext } from './apis/api.ts'
import type { Broker } from './broker.ts'
import { readFrames } from './read-frames.ts'
import { errorCodes } from './wire/error-codes.ts'
import { Input } from './wire/input.ts'
import { Output } from './wire/output.ts'
import { nullableString } from './wire/types.ts'

/** Answers a client's requests one after another, as Kafka does; hangs up on what it does not understand. */
export async function serveConnection(socket: Socket, broker: Broker): Promise<void> {
  socket.setNoDelay(true)
  socket.on('error', () => {})
  try {
    for await (const frame of readFrames(socket)) {
      const answer = await answerRequest(frame, broker)
      for (const chunk of answer?.framed() ?? []) socket.write(chunk)
    }
  } catch {
    socket.destroy()
  }
}

/*
  Request => apiKey INT16, apiVersion INT16, correlationId INT32, clientId NULLABLE_STRING, (tagged fields), body
  Response => correlationId INT32, (tagged fields), body
*/
async function answerRequest(frame: Buffer, broker: Broker): Promise<Output | undefined> {
  const input = new Input(frame)
  const api = apisByKey.get(input.int16())
  if (!api) throw new RangeError('an unknown api key')
  const version = input.int16()
  const correlationId = input.int32()
  const [first, last] = api.versions
  if (version < first || version > last) return refuseVersion(api, correlationId)
  input.version = version
  const clientId = nullableString.read(input) ?? ''
  input.flexible = version >= api.flexibleSince
  input.skipTaggedFields()
  return respond(api, correlationId, input, { broker, version, clientId })
}

async function respond(
  api: Api,
  correlationId: number,
  input: Input,
  context: RequestContext,
): Promise<Output | undefined> {
  const response = await api.answer(api.request.read(input), context)
  if (response === undefined) return undefined
  const output = new Output(context.version, input.flexible)
  output.int32(correlationId)
  // A client that does not know the versions yet could not tell whether there are tagged fields.
  if (api.key !== API_VERSIONS) output.noTaggedFields()
  api.response.write(output, response)
  return output
}

/** A client that asks in too new a way is told the versions in the oldest (KIP-511). Others know them already. */
async function refuseVersion(api: Api, correlationId: number): Promise<Output> {
  if (api.key !== API_VERSIONS) throw new RangeError('an unknown version')
  const output = new Output(0, false)
  output.int32(correlationId)
  const known = (await api.answer({}, {} as RequestContext)) as object
  api.response.write(output, { ...known, errorCode: errorCodes.UNSUPPORTED_VERSION })
  return output
}
