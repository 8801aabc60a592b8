import { createHash } from 'node:crypto'
import { ProblemError } from '@darkroom/core'
import { parseDictionary } from 'structured-headers'

/**
 * Checks the bytes of the image against `Repr-Digest: sha-256=:…:` (RFC 9530). Other algorithms are ignored,
 * as the RFC allows.
 *
 * @throws ProblemError `malformed-request`, `checksum-mismatch`
 */
export function checkReprDigest(header: string | undefined, bytes: Uint8Array): void {
  const expected = header === undefined ? undefined : readSha256(header)
  if (!expected) return
  const actual = createHash('sha256').update(bytes).digest()
  if (!actual.equals(expected)) {
    throw new ProblemError(
      'checksum-mismatch',
      `The image arrived with SHA-256 ${actual.toString('hex')}, which is not what Repr-Digest says. Send it again.`,
    )
  }
}

function readSha256(header: string): Buffer | undefined {
  try {
    const digest = parseDictionary(header).get('sha-256')?.[0]
    if (digest === undefined) return undefined
    if (digest instanceof ArrayBuffer) return Buffer.from(digest)
  } catch {
    // refused below
  }
  throw new ProblemError('malformed-request', 'Repr-Digest must read "sha-256=:<base64>:" (RFC 9530).')
}
