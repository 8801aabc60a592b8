import { ListObjectsV2Command } from '@aws-sdk/client-s3'
import {
  type AppId,
  type ImageId,
  type ImageList,
  type ImageRef,
  inputPrefix,
  ListQuery,
  metadataPrefix,
  ProblemError,
  parseInputKey,
  parseMetadataKey,
} from '@darkroom/core'
import { s3 } from './clients.ts'
import { env } from './env.ts'
import { findImage } from './find-image.ts'
import { apiHandler } from './http/api-handler.ts'
import { jsonAnswer } from './http/json-answer.ts'
import { parseOrRefuse } from './http/parse-or-refuse.ts'
import { requireApp } from './http/require-app.ts'
import { toImageStatus } from './to-image-status.ts'

/** `GET /v1/images?date=…`: ids are UUIDv7, so the order of keys is the order of acceptance. */
export const handler = apiHandler(async (event) => {
  const app = requireApp(event)
  const { date, limit, cursor } = parseOrRefuse(ListQuery, event.queryStringParameters ?? {}, 'query')
  const ids = await listIds(app, date, limit, cursor)
  const found = await Promise.all(ids.map((imageId) => findImageOrGone({ app, imageId })))
  const items = await Promise.all(found.filter((image) => image !== undefined).map(toImageStatus))
  const last = ids.length === limit ? ids.at(-1) : undefined
  return jsonAnswer(200, { items, ...(last && { cursor: last }) } satisfies ImageList)
})

/** Images of a day: originals, and finished ones whose original has already been deleted by its lifecycle. */
async function listIds(
  app: AppId,
  date: string,
  limit: number,
  cursor: ImageId | undefined,
): Promise<ImageId[]> {
  const inputs = inputPrefix(app, date)
  const documents = metadataPrefix(app, date)
  const lists = await Promise.all([
    listKeys(inputs, limit, cursor && inputs + cursor),
    listKeys(documents, limit, cursor && `${documents}${cursor}.json`),
  ])
  const ids = lists.flat().map((key) => (parseInputKey(key) ?? parseMetadataKey(key))?.imageId)
  return [...new Set(ids.filter((id) => id !== undefined))].sort().slice(0, limit)
}

async function listKeys(prefix: string, limit: number, after: string | undefined): Promise<string[]> {
  const list = new ListObjectsV2Command({
    Bucket: env.BUCKET,
    Prefix: prefix,
    MaxKeys: limit,
    StartAfter: after,
  })
  try {
    const { Contents = [] } = await s3.send(list)
    return Contents.map(({ Key = '' }) => Key)
  } catch (cause) {
    throw new ProblemError('storage-unavailable', 'The images cannot be listed now. Ask again in a moment.', {
      cause,
    })
  }
}

/** An image may be deleted between the listing and the look at it. */
async function findImageOrGone(image: ImageRef) {
  try {
    return await findImage(image)
  } catch (error) {
    if (error instanceof ProblemError && error.status < 500) return undefined
    throw error
  }
}
