import { DeleteObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3'
import { type ImageRef, inputKey, processedPrefix } from '@darkroom/core'
import { forgetBytes } from '@darkroom/intake'
import { s3 } from '../clients.ts'
import { env } from '../environment.ts'
import { logger } from '../logger.ts'

/**
 * Deletes what was made of an image while or after it was erased: variants that were being developed, and the original
 * that came again under its id, with what says that it had these bytes. Its document, the receipt, stays.
 */
export async function deleteErased({ app, imageId, sha256 }: ImageRef & { sha256: string }): Promise<void> {
  const image = { app, imageId }
  const list = new ListObjectsV2Command({ Bucket: env.BUCKET, Prefix: processedPrefix(image) })
  const { Contents = [] } = await s3.send(list)
  const keys = [inputKey(image), ...Contents.map(({ Key = '' }) => Key)]
  await Promise.all(keys.map((Key) => s3.send(new DeleteObjectCommand({ Bucket: env.BUCKET, Key }))))
  await forgetBytes(s3, env.BUCKET, { ...image, sha256 })
  logger.info('image stays erased', image)
}
