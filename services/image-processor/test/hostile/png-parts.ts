import { crc32, deflateSync } from 'node:zlib'

/** PNG files assembled by hand (W3C PNG, section 5), so that each part can be wrong. */
export const SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex')

export function chunk(type: string, data: Uint8Array = Buffer.alloc(0), crc?: number): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const frame = Buffer.alloc(8)
  frame.writeUInt32BE(data.length)
  frame.writeUInt32BE(crc ?? crc32(body), 4)
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)])
}

export interface Header {
  width: number
  height: number
  bits?: number
  /** 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGBA. */
  colorType?: number
  interlaced?: boolean
}

export function ihdr({ width, height, bits = 8, colorType = 2, interlaced = false }: Header): Buffer {
  const data = Buffer.alloc(13)
  data.writeUInt32BE(width)
  data.writeUInt32BE(height, 4)
  data.set([bits, colorType, 0, 0, interlaced ? 1 : 0], 8)
  return chunk('IHDR', data)
}

const CHANNELS: Record<number, number> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 }

/** Rows of one shade, each after its filter byte. */
function idat({ width, height, bits = 8, colorType = 2 }: Header): Buffer {
  const row = Math.ceil((width * (CHANNELS[colorType] ?? 1) * bits) / 8)
  return chunk('IDAT', deflateSync(Buffer.alloc((row + 1) * height)))
}

/** A complete file with additional chunks between header and picture. */
export function png(header: Header, more: Buffer[] = [], picture = idat(header)): Buffer {
  return Buffer.concat([SIGNATURE, ihdr(header), ...more, picture, chunk('IEND')])
}

/** `keyword \0 method`, then zeros, which compress to a thousandth. */
export function compressedText(type: 'iCCP' | 'zTXt' | 'iTXt', megabytes: number): Buffer {
  const head = type === 'iTXt' ? 'bomb\0\x01\0\0\0' : 'bomb\0\0'
  return chunk(
    type,
    Buffer.concat([Buffer.from(head, 'latin1'), deflateSync(Buffer.alloc(megabytes * 1e6), { level: 1 })]),
  )
}
