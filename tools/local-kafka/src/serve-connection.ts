import type { Socket } from 'node:net'
import { API_VERSIONS, apisByKey } from './apis/all-apis.ts'
import type { Api, RequestContext } from './apis/api.ts'
import type { Broker } from './broker.ts'
import { errorCodes } from './wire/error-codes.ts'
import { Input } from './wire/input.ts'
import { Output } from './wire/output.ts'
import { nullableString } from './wire/types.ts'

/** Handles a client's requests in order, as Kafka does. Closes the connection on an invalid request. */
export async function serveConnection(socket: Socket, broker: Broker): Promise<void> {
  socket.setNoDelay(true)
  socket.on('error', () => {})
  try {
    for await (const frame of readFrames(socket)) {
      const response = await handleRequest(frame, broker)
      for (const chunk of response?.framed() ?? []) socket.write(chunk)
    }
  } catch {
    socket.destroy()
  }
}

/*
  Request => apiKey INT16, apiVersion INT16, correlationId INT32, clientId NULLABLE_STRING, (tagged fields), body
  Response => correlationId INT32, (tagged fields), body
*/
async function handleRequest(frame: Buffer, broker: Broker): Promise<Output | undefined> {
  const input = new Input(frame)
  const api = apisByKey.get(input.int16())
  if (!api) throw new RangeError('unknown API key')
  const version = input.int16()
  const correlationId = input.int32()
  const [first, last] = api.versions
  if (version < first || version > last) return rejectVersion(api, correlationId)
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
  const response = await api.handle(api.request.read(input), context)
  if (response === undefined) return undefined
  const output = new Output(context.version, input.flexible)
  output.int32(correlationId)
  // ApiVersions responses never have header tags, because the client does not know the broker's version yet.
  if (api.key !== API_VERSIONS) output.noTaggedFields()
  api.response.write(output, response)
  return output
}

/** An ApiVersions request of a newer version gets the supported versions in the oldest format (KIP-511). */
async function rejectVersion(api: Api, correlationId: number): Promise<Output> {
  if (api.key !== API_VERSIONS) throw new RangeError('unsupported API version')
  const output = new Output(0, false)
  output.int32(correlationId)
  const known = (await api.handle({}, {} as RequestContext)) as object
  api.response.write(output, { ...known, errorCode: errorCodes.UNSUPPORTED_VERSION })
  return output
}

/** Same as Kafka's default for `socket.request.max.bytes`. */
const MAX_REQUEST_BYTES = 100 * 1024 * 1024

/** Yields requests, each prefixed with its length in four bytes, until the connection ends. */
async function* readFrames(socket: Socket): AsyncGenerator<Buffer> {
  let chunks: Buffer[] = []
  let received = 0
  for await (const chunk of socket) {
    chunks.push(chunk)
    received += chunk.length
    while (received >= 4) {
      const length = peekLength(chunks)
      if (length < 0 || length > MAX_REQUEST_BYTES)
        throw new RangeError(`invalid request length: ${length} bytes`)
      if (received < 4 + length) break
      const all = Buffer.concat(chunks)
      yield all.subarray(4, 4 + length)
      chunks = [all.subarray(4 + length)]
      received -= 4 + length
    }
  }
}

function peekLength(chunks: Buffer[]): number {
  const [first] = chunks
  if (first && first.length >= 4) return first.readInt32BE(0)
  return Buffer.concat(chunks).readInt32BE(0)
}
