import { GetObjectCommand, HeadObjectCommand } from '@aws-sdk/client-s3'
import {
  fromUserMetadata,
  type ImageRef,
  ImageType,
  inputKey,
  MetadataDocument,
  metadataKey,
} from '@darkroom/core'
import { enqueueImage } from '@darkroom/intake'
import type { Store, StoreWithQueue } from '../open-store.ts'

/** How an image was developed, as `default v1`; undefined if it is not processed. */
export async function developedBy({ s3, bucket }: Store, image: ImageRef): Promise<string | undefined> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: metadataKey(image) }))
  const document = MetadataDocument.parse(JSON.parse((await Body?.transformToString()) ?? ''))
  return document.status === 'processed' ? `${document.preset} v${document.preset_version}` : undefined
}

/** Asks the image processor to develop an original once more. The original is only read. */
export async function redevelop(
  { s3, sqs, bucket, queueUrl }: StoreWithQueue,
  image: ImageRef,
  preset: string,
): Promise<void> {
  const head = await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: inputKey(image) }))
  await enqueueImage(sqs, queueUrl, '/darkroom/backfill', bucket, {
    ...fromUserMetadata(head.Metadata),
    imageId: image.imageId,
    contentType: ImageType.parse(head.ContentType),
    bytes: head.ContentLength ?? 0,
    redevelop: { preset },
  })
}
