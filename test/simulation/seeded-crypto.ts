type Crypto = typeof globalThis.crypto

/**
 * Replaces the random values of the global `crypto` while a simulation runs, so that the ids of attempts, erasures and images
 * follow the seed too. The rest of `crypto` stays.
 *
 * @param random the next number, from 0 (included) to 1 (excluded)
 * @returns gives `crypto` back
 */
export function seedCrypto(random: () => number): () => void {
  const real = globalThis.crypto
  const getRandomValues: Crypto['getRandomValues'] = (array) => {
    const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength)
    for (let n = 0; n < bytes.length; n++) bytes[n] = random() * 256
    return array
  }
  replace({
    getRandomValues,
    randomUUID: () => uuidOf(getRandomValues(new Uint8Array(16))),
    subtle: real.subtle,
  })
  return () => replace(real)
}

function replace(crypto: Pick<Crypto, 'getRandomValues' | 'randomUUID' | 'subtle'>): void {
  Object.defineProperty(globalThis, 'crypto', { value: crypto, configurable: true, writable: true })
}

/** RFC 9562, section 5.4. */
function uuidOf(bytes: Uint8Array): ReturnType<Crypto['randomUUID']> {
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  const hex = Buffer.from(bytes).toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
