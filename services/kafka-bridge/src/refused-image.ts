import { ProblemError } from '@darkroom/core'
import type { KnownImage } from './submission.ts'

/** A problem of an image that has an id, so that whoever sent it can ask what became of it. */
export class RefusedImage extends ProblemError {
  override name = 'RefusedImage'
  readonly image: KnownImage

  constructor(image: KnownImage, { slug, detail, cause }: ProblemError) {
    super(slug, detail, { cause })
    this.image = image
  }
}

/** Takes a step with an image; if the image is at fault, the error says what was known of it until then. */
export async function refusing<Result>(
  image: KnownImage,
  step: () => Result | Promise<Result>,
): Promise<Result> {
  try {
    return await step()
  } catch (error) {
    if (error instanceof ProblemError && !error.retryable) throw new RefusedImage(image, error)
    throw error
  }
}
