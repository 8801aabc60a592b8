import { type ImageId, ImageStatus, metadataKey } from '@darkroom/core'
import { expect } from '@jest/globals'
import { APP } from './bucket.ts'
import type { Darkroom } from './darkroom-on-kafka.ts'
import { until } from './until.ts'

/** The final status from the upload API. It is 404 until the bridge has accepted the record. */
function finalStatus({ endpoints }: Darkroom, imageId: ImageId): Promise<ImageStatus> {
  const headers = { authorization: `Bearer ${endpoints.apps[APP]?.apiKey}`, prefer: 'wait=20' }
  return until(async () => {
    const answer = await fetch(`${endpoints.uploadApi}/v1/images/${imageId}`, { headers })
    if (answer.status === 404) return undefined
    expect(answer.status).toBe(200)
    const image = ImageStatus.parse(await answer.json())
    return image.status !== 'queued' && image
  })
}

/** Waits until an image is processed, and checks that its metadata says Kafka. */
export async function expectProcessed(darkroom: Darkroom, imageId: ImageId): Promise<ImageStatus> {
  const image = await finalStatus(darkroom, imageId)
  expect(image).toMatchObject({ id: imageId, app: APP, status: 'processed' })
  expect(await darkroom.bucket.readDocument(imageId)).toMatchObject({ origin: 'kafka', status: 'processed' })
  return image
}

/** Waits until all images have a metadata document, so they are finished. */
export async function allFinished({ bucket }: Darkroom, imageIds: ImageId[]): Promise<void> {
  await until(async () => {
    const documents = await bucket.list(`metadata/app=${APP}/`)
    return imageIds.every((imageId) => documents.has(metadataKey({ app: APP, imageId })))
  })
}
