import type { PutObjectCommand } from '@aws-sdk/client-s3'

/**
 * Spares the SDK from hashing a body whose SHA-256, in hex, is known already: it signs what `x-amz-content-sha256`
 * says, if that is there. For an image this is the largest part of a request's work.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 */
export function signWithHash(put: PutObjectCommand, sha256: string): void {
  put.middlewareStack.add(
    (next) => (args) => {
      const { headers } = args.request as { headers: Record<string, string> }
      headers['x-amz-content-sha256'] = sha256
      return next(args)
    },
    { name: 'signWithHash', step: 'build' },
  )
}
