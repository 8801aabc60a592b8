import type { S3Client } from '@aws-sdk/client-s3'
import { ProblemError } from '@darkroom/core'
import type { Acceptance, AcceptedImage } from './accepted-image.ts'
import { type Deduplication, findAnswer, findKnownBytes, rememberBytes } from './known-bytes.ts'
import { putInputOnce } from './put-input-once.ts'

/**
 * Stores the original as `putInputOnce` does, unless an earlier image of the app has the same bytes and can answer for
 * this one: see decisions/0017-deduplication.md.
 *
 * @throws ProblemError `idempotency-key-reused`, `storage-unavailable`
 */
export async function putUnlessKnown(
  s3: S3Client,
  bucket: string,
  { retention }: Deduplication,
  image: AcceptedImage,
  bytes: Uint8Array,
): Promise<Acceptance> {
  try {
    const known = await findKnownBytes(s3, bucket, image)
    const earlier = known && (await findAnswer(s3, bucket, retention, image, known))
    if (earlier) return { image: earlier, replayed: false, duplicate: true }
    const acceptance = await putInputOnce(s3, bucket, image, bytes)
    if (!known || !acceptance.replayed) await rememberBytes(s3, bucket, image, known)
    return acceptance
  } catch (cause) {
    if (cause instanceof ProblemError) throw cause
    throw new ProblemError(
      'storage-unavailable',
      'The image could not be stored. Send it again in a moment; with the same Idempotency-Key it is stored only once.',
      { cause },
    )
  }
}
