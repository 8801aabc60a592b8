import type { ConformanceCase } from './conformance-case.ts'
import { s3Cases } from './s3-cases.ts'
import { s3EventCases } from './s3-event-cases.ts'
import { s3MultipartCases } from './s3-multipart-cases.ts'
import { s3PostCases } from './s3-post-cases.ts'
import { snsCases } from './sns-cases.ts'
import { sqsCases } from './sqs-cases.ts'

export const allCases: ConformanceCase[] = [
  ...s3Cases,
  ...s3MultipartCases,
  ...s3PostCases,
  ...s3EventCases,
  ...sqsCases,
  ...snsCases,
]
