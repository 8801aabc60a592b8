import { createHmac } from 'node:crypto'
import { localCredentials } from './aws-environment.ts'
import { S3Error } from './s3-error.ts'

/**
 * The signature of a text by the local credentials.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html ("Calculate signature")
 *
 * @param scope date, region, service and `aws4_request`
 */
export function signatureOf(text: string, scope: string[]): string {
  const key = scope.reduce<string | Buffer>(
    (secret, part) => createHmac('sha256', secret).update(part).digest(),
    `AWS4${localCredentials.secretAccessKey}`,
  )
  return createHmac('sha256', key).update(text).digest('hex')
}

export function unknownAccessKey(accessKeyId: string): S3Error {
  return new S3Error(
    403,
    'InvalidAccessKeyId',
    'The AWS Access Key Id you provided does not exist in our records.',
    { AWSAccessKeyId: accessKeyId },
  )
}

export function signatureMismatch(details: Record<string, string> = {}): S3Error {
  return new S3Error(
    403,
    'SignatureDoesNotMatch',
    'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
    details,
  )
}
