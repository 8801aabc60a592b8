import type { Socket } from 'node:net'

/** As Kafka's own `socket.request.max.bytes`. */
const LARGEST_REQUEST = 100 * 1024 * 1024

/** Requests as they come in, each behind its length in four bytes; ends with the connection. */
export async function* readFrames(socket: Socket): AsyncGenerator<Buffer> {
  let chunks: Buffer[] = []
  let received = 0
  for await (const chunk of socket) {
    chunks.push(chunk)
    received += chunk.length
    while (received >= 4) {
      const length = peekLength(chunks)
      if (length < 0 || length > LARGEST_REQUEST) throw new RangeError(`a request of ${length} bytes`)
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
