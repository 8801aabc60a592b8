import { ProblemError } from '@darkroom/core'

/** Reports a failure of S3 as retryable, with `detail`. @throws ProblemError `storage-unavailable` */
export async function orUnavailable<Result>(work: Promise<Result>, detail: string): Promise<Result> {
  try {
    return await work
  } catch (cause) {
    if (cause instanceof ProblemError) throw cause
    throw new ProblemError('storage-unavailable', detail, { cause })
  }
}
