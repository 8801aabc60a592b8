import type { Sharp } from 'sharp'

/** Dark (40) on the left, bright (200) on the right, 32 × 16 px, with one channel: sharp writes three. By @jsquash/avif. */
export const monochromeAvif = () =>
  Buffer.from(
    'AAAAHGZ0eXBhdmlmAAAAAGF2aWZtaWYxbWlhZgAAAPBtZXRhAAAAAAAAAChoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAbGliYXZpZgAAAAAOcGl0bQAAAAAAAQAAAB5pbG9jAAAAAEQAAAEAAQAAAAEAAAEUAAAAJwAAAChpaW5mAAAAAAABAAAAGmluZmUCAAAAAAEAAGF2MDFDb2xvcgAAAABoaXBycAAAAElpcGNvAAAAFGlzcGUAAAAAAAAAIAAAABAAAAAOcGl4aQAAAAABCAAAAAxhdjFDgQAcAAAAABNjb2xybmNseAACAAIABoAAAAAXaXBtYQAAAAAAAAABAAEEAQKDBAAAAC9tZGF0EgAKCBgQ/+wwICBqMhkQAMXA4GUSvr7mkUA4gKP6cJAL+MSezoKI',
    'base64',
  )

/** A box (ISO/IEC 14496-12, 4.2): its size, its type, its content. */
function box(type: string, ...content: Uint8Array[]): Buffer {
  const head = Buffer.alloc(8)
  head.writeUInt32BE(8 + content.reduce((sum, { length }) => sum + length, 0))
  head.write(type, 4, 'latin1')
  return Buffer.concat([head, ...content])
}

/** `colr` with code points of ITU-T H.273: primaries, transfer, matrix; full range. */
export function nclx(primaries: number, transfer: number, matrix = 6): Buffer {
  return box('colr', Buffer.from('nclx'), Buffer.from([0, primaries, 0, transfer, 0, matrix, 0x80]))
}

/** `colr` with an ICC profile. */
export const iccColors = (profile: Buffer) => box('colr', Buffer.from('prof'), profile)

/** `clli`: the luminances of the brightest pixel and of the brightest frame, in cd/m². */
export const peak = (nits: number) => box('clli', Buffer.from([nits >> 8, nits & 255, 0, 100]))

/** A reader that does not know them must not show the picture. */
const ESSENTIAL = ['irot', 'imir', 'clap']

/** A picture, hardly compressed, as an AVIF whose primary item has these properties besides its own. */
export async function avifWith(picture: Sharp, ...properties: Buffer[]): Promise<Buffer> {
  const plain = await picture.avif({ quality: 95, chromaSubsampling: '4:4:4' }).toBuffer()
  return withProperties(plain, properties)
}

/** Adds them to `ipco` and `ipma`, and moves what `iloc` points to. The layout is that of libheif's encoder. */
function withProperties(avif: Buffer, properties: Buffer[]): Buffer {
  const added = Buffer.concat(properties)
  const at = (type: string) => avif.indexOf(type, 0, 'latin1') - 4
  const sizeOf = (start: number) => avif.readUInt32BE(start)
  const ipma = at('ipma')
  const known = avif[ipma + 18] ?? 0 // of the first item: version, a count (4 bytes), its id (2), then this
  const first = propertiesIn(avif.subarray(at('ipco') + 8, ipma)) + 1
  const numbers = Buffer.from(
    properties.map((one, i) => first + i + (ESSENTIAL.includes(one.toString('latin1', 4, 8)) ? 0x80 : 0)),
  )
  const growth = added.length + numbers.length
  for (const [type, bytes] of [
    ['meta', growth],
    ['iprp', growth],
    ['ipco', added.length],
    ['ipma', numbers.length],
  ] as const)
    avif.writeUInt32BE(sizeOf(at(type)) + bytes, at(type))
  avif[ipma + 18] = known + numbers.length
  // Version and flags, sizes, a count; then 18 bytes an item, with the offset of its data in the bytes 10 to 13.
  for (let item = 0, start = at('iloc') + 16; item < avif.readUInt16BE(at('iloc') + 14); item++)
    avif.writeUInt32BE(avif.readUInt32BE(start + 18 * item + 10) + growth, start + 18 * item + 10)
  const end = ipma + 19 + known
  return Buffer.concat([avif.subarray(0, ipma), added, avif.subarray(ipma, end), numbers, avif.subarray(end)])
}

function propertiesIn(ipco: Buffer): number {
  let count = 0
  for (let at = 0; at < ipco.length; at += ipco.readUInt32BE(at)) count++
  return count
}
