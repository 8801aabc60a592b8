const MEGABYTE = 1024 * 1024

/** What a record may have of image: Lambda's event of 6 MB holds it in base64. See decisions/0010. */
export const MAX_BYTES_IN_RECORD = 4 * MEGABYTE

/** What the kafka-bridge fetches from S3 when an event only refers to its image. */
export const MAX_BYTES_CLAIMED = 50 * MEGABYTE
