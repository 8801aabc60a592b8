import { createHash } from 'node:crypto'
import { computeChecksum } from 'fauxqs'
import { S3Refusal } from './s3-refusal.ts'

/** Names in lower case, as headers, trailers or form fields have them. */
export type Fields = Record<string, string | string[] | undefined>

/** What a client may say of the bytes; CRC32C and CRC64NVME are not compared. */
const checksums = ['SHA256', 'SHA1', 'CRC32'] as const

/**
 * Compares the bytes with each digest that came along.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
 *
 * @throws S3Refusal `BadDigest`, `InvalidDigest`
 */
export function verifyChecksums(fields: Fields, bytes: Buffer): void {
  verifyMd5(textOf(fields['content-md5']), bytes)
  for (const algorithm of checksums) {
    const sent = textOf(fields[`x-amz-checksum-${algorithm.toLowerCase()}`])
    if (sent !== undefined && sent !== computeChecksum(algorithm, bytes)) {
      throw new S3Refusal(
        400,
        'BadDigest',
        `The ${algorithm} you specified did not match the calculated checksum.`,
      )
    }
  }
}

/** The digest to store with an object, and to give back for it. */
export function sentChecksum(
  fields: Fields,
): { algorithm: (typeof checksums)[number]; value: string; type: 'FULL_OBJECT' } | undefined {
  for (const algorithm of checksums) {
    const value = textOf(fields[`x-amz-checksum-${algorithm.toLowerCase()}`])
    if (value !== undefined) return { algorithm, value, type: 'FULL_OBJECT' }
  }
  return undefined
}

function verifyMd5(sent: string | undefined, bytes: Buffer): void {
  if (sent === undefined) return
  if (Buffer.from(sent, 'base64').length !== 16) {
    throw new S3Refusal(400, 'InvalidDigest', 'The Content-MD5 you specified was invalid.')
  }
  if (sent !== createHash('md5').update(bytes).digest('base64')) {
    throw new S3Refusal(400, 'BadDigest', 'The Content-MD5 you specified did not match what we received.')
  }
}

function textOf(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value
}
