import { refusing } from './refused-image.ts'
import type { IdentifiedEvent, Submission } from './submission.ts'

/**
 * Reads the image, or the claim of one, out of an event, and what its sender wants kept with it.
 *
 * @throws RefusedImage `malformed-request`, `empty-body`
 */
export async function readSubmission(event: IdentifiedEvent): Promise<Submission> {
  const { readContent, readAttributes, bytes: _, ...image } = event
  const content = await refusing(event, readContent)
  const attributes = await refusing({ ...image, ...content }, readAttributes)
  return { ...image, ...content, attributes }
}
