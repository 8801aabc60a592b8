import type { Claims } from './open-claims.ts'
import type { Topic } from './open-topic.ts'
import type { UploadApi } from './upload-api.ts'

/** What the routes work with. */
export interface Backend {
  topic: Topic
  /** Without them a picture has to fit into a record. */
  claims?: Claims | undefined
  uploadApi: UploadApi
  maxImageBytes: number
}
