/** Of a single picture: what it is compressed with. */
const TYPES = { avif: 'image/avif', heic: 'image/heic', heix: 'image/heic' } as const

/**
 * The type of a HEIF of one picture, by its brands. The first may be `mif1`, HEIF in general; then one of the others
 * names the codec, as some cameras and programs write it (ISO/IEC 23008-12, 10.2.2 and B.4; AVIF 1.1, section 6).
 *
 * @returns undefined for whatever else, sequences among it
 */
export function heifType(bytes: Uint8Array): (typeof TYPES)[keyof typeof TYPES] | undefined {
  const box = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, LONGEST))
  if (box.toString('latin1', 4, 8) !== 'ftyp') return undefined
  const [first = '', , ...others] = box.toString('latin1', 8, box.readUInt32BE(0)).match(/.{4}/gs) ?? []
  const named = first === 'mif1' ? others : [first]
  const brand = named.find((one) => one in TYPES)
  return TYPES[brand as keyof typeof TYPES]
}

/** Sixty brands; files have three to ten. */
const LONGEST = 256
