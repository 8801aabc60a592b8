import { type BucketSettings, openBucket, storeKey } from '@darkroom/bucket'
import { recordOf } from '@darkroom/core'
import { APPS, developmentKey } from './apps.ts'

/**
 * Stores the keys of the local stack's applications, once the bucket exists. A key that is stored already stays as it is, so
 * one that was revoked stays revoked.
 */
export async function createDevelopmentKeys(name: string, settings: BucketSettings): Promise<void> {
  const bucket = openBucket(name, settings)
  try {
    for (const app of Object.keys(APPS)) {
      const key = developmentKey(app)
      await storeKey(bucket, key, recordOf(key, app))
    }
  } finally {
    bucket.s3.destroy()
  }
}
