import { ListMultipartUploadsCommand, ListPartsCommand, NoSuchUpload } from '@aws-sdk/client-s3'
import { PART_BYTES, parseUploadKey, type UploadRef } from '@darkroom/core'
import { s3 } from '../clients.ts'
import { env } from '../environment.ts'

/** A multipart upload that has begun and has not been completed. */
export interface BegunUpload extends UploadRef {
  key: string
  uploadId: string
  initiated: Date
}

/** A part that has arrived; `bytes` is its size. */
export interface ArrivedPart {
  partNumber: number
  bytes: number
  etag: string
}

export function partCount(bytes: number): number {
  return Math.ceil(bytes / PART_BYTES)
}

/** The size of a part: all are as large as the first, but for the last one. */
export function sizeOfPart(bytes: number, partNumber: number): number {
  return Math.min(PART_BYTES, bytes - (partNumber - 1) * PART_BYTES)
}

/** Whether the whole file is there. No part can have any other size, see sign-upload.ts. */
export function isWhole(bytes: number, parts: ArrivedPart[]): boolean {
  return parts.length === partCount(bytes) && parts.reduce((sum, part) => sum + part.bytes, 0) === bytes
}

/** Multipart uploads under a prefix, oldest first; at most a thousand. */
export async function listBegun(prefix: string): Promise<BegunUpload[]> {
  const list = new ListMultipartUploadsCommand({ Bucket: env.BUCKET, Prefix: prefix })
  const { Uploads = [] } = await s3.send(list)
  return Uploads.flatMap(({ Key: key = '', UploadId: uploadId = '', Initiated = new Date(0) }) => {
    const upload = parseUploadKey(key)
    return upload ? [{ ...upload, key, uploadId, initiated: Initiated }] : []
  }).toSorted((a, b) => a.initiated.getTime() - b.initiated.getTime())
}

/** All of them, as S3 lists a thousand at once. None if the upload has been completed or aborted meanwhile. */
export async function listParts({ key, uploadId }: BegunUpload): Promise<ArrivedPart[]> {
  try {
    const list = new ListPartsCommand({ Bucket: env.BUCKET, Key: key, UploadId: uploadId })
    const { Parts = [] } = await s3.send(list)
    return Parts.map(({ PartNumber: partNumber = 0, Size: bytes = 0, ETag: etag = '' }) => ({
      partNumber,
      bytes,
      etag,
    }))
  } catch (error) {
    if (error instanceof NoSuchUpload) return []
    throw error
  }
}
