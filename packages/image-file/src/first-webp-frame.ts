/**
 * Makes a still WebP of an animation's first frame, for a decoder that reads only stills; anything else is
 * handed back as it is. A frame that covers only a part of the canvas comes out as that part.
 *
 * RIFF container (RFC 9649): chunks of `name length payload`, padded to even; an `ANMF` holds 16 bytes (offset
 * in the canvas, width and height less one in 24 bits each, duration, flags), then a still's own chunks.
 */
export function firstWebpFrame(webp: Buffer): Buffer {
  const frame = chunks(webp, 12).find(({ name }) => name === 'ANMF')?.payload
  if (!frame) return webp
  const still = frame.subarray(16)
  const hasAlpha = chunks(still, 0).some(({ name }) => name === 'ALPH' || name === 'VP8L')
  const header = Buffer.alloc(10)
  header.writeUInt8(hasAlpha ? ALPHA_FLAG : 0)
  frame.copy(header, 4, 6, 12) // width and height stand alike in both
  return chunk('RIFF', Buffer.concat([Buffer.from('WEBP'), chunk('VP8X', header), still]))
}

const ALPHA_FLAG = 0x10

interface Chunk {
  name: string
  payload: Buffer
}

function chunks(bytes: Buffer, start: number): Chunk[] {
  const found: Chunk[] = []
  let at = start
  while (at + 8 <= bytes.length) {
    const length = bytes.readUInt32LE(at + 4)
    found.push({
      name: bytes.toString('latin1', at, at + 4),
      payload: bytes.subarray(at + 8, at + 8 + length),
    })
    at += 8 + length + (length % 2)
  }
  return found
}

function chunk(name: string, payload: Buffer): Buffer {
  const head = Buffer.alloc(8)
  head.write(name, 'latin1')
  head.writeUInt32LE(payload.length, 4)
  return Buffer.concat([head, payload])
}
