import { MAX_STORED_BYTES, MAX_UPLOAD_BYTES } from '@darkroom/core'
import { type Claims, type ClaimsOptions, openClaims } from './open-claims.ts'
import { type KafkaOptions, openTopic, type Topic } from './open-topic.ts'
import { connectUploadApi, type UploadApi, type UploadApiOptions } from './upload-api.ts'

export interface BackendOptions {
  kafka: KafkaOptions
  uploadApi: UploadApiOptions
  /** Where pictures of more than 4 MB are stored; without it they are refused. See decisions/0010. */
  claims?: ClaimsOptions
  /** The size limit of one picture, if lower than 50 MB with `claims` and 4 MB without. */
  maxImageBytes?: number
}

/** What the routes work with. */
export interface Backend {
  topic: Topic
  /** Undefined if a picture has to fit into a Kafka record. */
  claims: Claims | undefined
  uploadApi: UploadApi
  maxImageBytes: number
}

/** @param stopping ends requests to the upload API */
export function openBackend(options: BackendOptions, stopping: AbortSignal): Backend {
  const limit = options.claims ? MAX_STORED_BYTES : MAX_UPLOAD_BYTES
  return {
    topic: openTopic(options.kafka),
    claims: options.claims && openClaims(options.claims),
    uploadApi: connectUploadApi(options.uploadApi, stopping),
    maxImageBytes: Math.min(options.maxImageBytes ?? limit, limit),
  }
}
