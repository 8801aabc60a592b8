export { type Bucket, type BucketSettings, openBucket } from './bucket.ts'
export { type FoundDocument, getDocument, putDocument } from './documents.ts'
