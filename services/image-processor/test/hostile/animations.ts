/** Adds frames of 1 × 1 pixels to a GIF, 20 bytes each. */
export function withGifFrames(gif: Buffer, count: number): Buffer {
  const frame = Buffer.from('2c0000000001000100000201' + '44' + '00', 'hex')
  const control = Buffer.from('21f904000a00000000', 'hex').subarray(0, 8)
  const frames = Array.from({ length: count }, () => Buffer.concat([control, frame]))
  return Buffer.concat([gif.subarray(0, gif.length - 1), ...frames, Buffer.from(';')])
}

/** Changes the size of a GIF's screen, but not of its pictures. */
export function withGifScreen(gif: Buffer, width: number, height: number): Buffer {
  const changed = Buffer.from(gif)
  changed.writeUInt16LE(width, 6)
  changed.writeUInt16LE(height, 8)
  return changed
}

/** Changes the size of a GIF's first picture, but not of its screen. */
export function withGifPicture(gif: Buffer, width: number, height: number): Buffer {
  const changed = Buffer.from(gif)
  const at = gif.indexOf(Buffer.from([0x2c, 0, 0, 0, 0]))
  changed.writeUInt16LE(width, at + 5)
  changed.writeUInt16LE(height, at + 7)
  return changed
}

/** Repeats the last frame of an animated WebP (RFC 9649) `count` times. */
export function withWebpFrames(webp: Buffer, count: number): Buffer {
  const last = webp.lastIndexOf('ANMF')
  const length = webp.readUInt32LE(last + 4)
  const frame = webp.subarray(last, last + 8 + length + (length % 2))
  const longer = Buffer.concat([webp, ...Array.from({ length: count }, () => frame)])
  longer.writeUInt32LE(longer.length - 8, 4)
  return longer
}
