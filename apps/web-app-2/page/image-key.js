// @ts-check

/** How far this computer's clock is behind the server's. */
let clockOffsetMs = 0

/** Sets the clock from a response's Date header, because the key contains the image's date. @param {string | null} date */
export function setClock(date) {
  const time = Date.parse(date ?? '')
  if (time) clockOffsetMs = time - Date.now()
}

/** A UUIDv7 (RFC 9562, section 5.7): 48 bits of Unix milliseconds, then version, variant and 74 random bits. */
export function newImageKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  new DataView(bytes.buffer).setBigUint64(
    0,
    (BigInt(Date.now() + clockOffsetMs) << 16n) | BigInt(0x7000 | (bytes[7] ?? 0)),
  )
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f)
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0'))
    .join('')
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}
