import type { Retention } from '@darkroom/retention'

/** Long enough for the dates in tests to stay within it; the apps `brief` and `fleeting` are there to see what comes after. */
export const testRetention: Retention = {
  default: {
    input: 36_500,
    processed: 36_500,
    metadata: 36_500,
    claims: 36_500,
    rejected: 36_500,
    uploads: 1,
    unfinishedUploads: 1,
  },
  apps: {
    brief: { input: 7, processed: 30, metadata: 90 },
    fleeting: { input: 1, processed: 3, metadata: 9 },
  },
}
