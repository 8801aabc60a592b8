import { ProblemError } from '@darkroom/core'

/** What goes wrong with S3 is worth another try, and `detail` says so. @throws ProblemError `storage-unavailable` */
export async function orUnavailable<Result>(work: Promise<Result>, detail: string): Promise<Result> {
  try {
    return await work
  } catch (cause) {
    if (cause instanceof ProblemError) throw cause
    throw new ProblemError('storage-unavailable', detail, { cause })
  }
}
