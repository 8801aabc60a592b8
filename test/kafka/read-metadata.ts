import { once } from 'node:events'
import { connect } from 'node:net'

interface Metadata {
  clusterId: string | null
  /** The number of available brokers. */
  brokers: number
}

/**
 * Request: Metadata (key 3) version 2, the first version with a cluster id, for no topics.
 *
 *   size     key   version  correlation  client id  topics
 *   int32    int16 int16    int32        string     array
 *   14       3     2        0            null (-1)  0
 */
const REQUEST = Buffer.from('0000000e' + '0003' + '0002' + '00000000' + 'ffff' + '00000000', 'hex')

/** Sends a client's usual first request. @throws Error if there is no response in time */
export async function readMetadata(port: number): Promise<Metadata> {
  const socket = connect({ host: '127.0.0.1', port, timeout: 2_000 })
  socket.once('timeout', () => socket.destroy(new Error(`No response on port ${port} within 2 s.`)))
  try {
    await once(socket, 'connect')
    socket.write(REQUEST)
    let response = Buffer.alloc(0)
    for await (const chunk of socket) {
      response = Buffer.concat([response, chunk])
      if (response.length >= 4 && response.length >= 4 + response.readInt32BE(0)) break
    }
    return parseMetadata(response)
  } finally {
    socket.destroy()
  }
}

/**
 * Response: size and correlation, then
 *
 *   brokers: int32 count of (id int32, host string, port int32, rack string | null)
 *   cluster id: string | null, controller id: int32, topics: …
 *
 * A string is an int16 length, -1 for null, and that many bytes.
 */
function parseMetadata(response: Buffer): Metadata {
  let at = 8
  const int32 = () => {
    at += 4
    return response.readInt32BE(at - 4)
  }
  const string = () => {
    const length = response.readInt16BE(at)
    at += 2 + Math.max(length, 0)
    return length < 0 ? null : response.toString('utf8', at - length, at)
  }
  const brokers = int32()
  for (let broker = 0; broker < brokers; broker += 1) {
    int32()
    string()
    int32()
    string()
  }
  return { clusterId: string(), brokers }
}
