// @ts-check

/** Milliseconds that this computer's clock is behind the server's. */
let behind = 0

/** Learns the server's time from any answer, because an image's date is that of its key. @param {string | null} date */
export function setClock(date) {
  const time = Date.parse(date ?? '')
  if (time) behind = time - Date.now()
}

/** A UUIDv7 (RFC 9562, section 5.7): 48 bits of Unix milliseconds, then version, variant and 74 random bits. */
export function newImageKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  new DataView(bytes.buffer).setBigUint64(
    0,
    (BigInt(Date.now() + behind) << 16n) | BigInt(0x7000 | (bytes[7] ?? 0)),
  )
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f)
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0'))
    .join('')
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}
