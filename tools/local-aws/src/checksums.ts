import { createHash } from 'node:crypto'
import { computeChecksum } from 'fauxqs'
import { S3Error } from './s3-error.ts'

/** Headers, trailers or form fields, with lower-case names. */
export type Fields = Record<string, string | string[] | undefined>

/** The supported checksums. CRC32C and CRC64NVME are not verified. */
const ALGORITHMS = ['SHA256', 'SHA1', 'CRC32'] as const

/**
 * Verifies the bytes against each digest in the request.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
 *
 * @throws S3Error `BadDigest`, `InvalidDigest`
 */
export function verifyChecksums(fields: Fields, bytes: Buffer): void {
  verifyMd5(textOf(fields['content-md5']), bytes)
  for (const algorithm of ALGORITHMS) {
    const sent = textOf(fields[`x-amz-checksum-${algorithm.toLowerCase()}`])
    if (sent !== undefined && sent !== computeChecksum(algorithm, bytes)) {
      throw new S3Error(
        400,
        'BadDigest',
        `The ${algorithm} you specified did not match the calculated checksum.`,
      )
    }
  }
}

/** The checksum to store with an object and to return for it. */
export function checksumOf(
  fields: Fields,
): { algorithm: (typeof ALGORITHMS)[number]; value: string; type: 'FULL_OBJECT' } | undefined {
  for (const algorithm of ALGORITHMS) {
    const value = textOf(fields[`x-amz-checksum-${algorithm.toLowerCase()}`])
    if (value !== undefined) return { algorithm, value, type: 'FULL_OBJECT' }
  }
  return undefined
}

function verifyMd5(sent: string | undefined, bytes: Buffer): void {
  if (sent === undefined) return
  if (Buffer.from(sent, 'base64').length !== 16) {
    throw new S3Error(400, 'InvalidDigest', 'The Content-MD5 you specified was invalid.')
  }
  if (sent !== createHash('md5').update(bytes).digest('base64')) {
    throw new S3Error(400, 'BadDigest', 'The Content-MD5 you specified did not match what we received.')
  }
}

function textOf(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value
}
