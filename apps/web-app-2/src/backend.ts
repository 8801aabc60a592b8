import type { Topic } from './open-topic.ts'
import type { UploadApi } from './upload-api.ts'

/** What the routes work with. */
export interface Backend {
  topic: Topic
  uploadApi: UploadApi
  maxImageBytes: number
}
