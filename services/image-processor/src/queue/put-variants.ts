import { PutObjectCommand } from '@aws-sdk/client-s3'
import { type ImageRef, OUTPUT_FORMATS, processedKey, type StoredVariant } from '@darkroom/core'
import { s3 } from '../clients.ts'
import type { DevelopedVariant } from '../engines/image-engine.ts'
import { env } from '../environment.ts'

/** A variant's bytes never change under its key, short of a new preset version; a browser may keep it. */
const CACHE_CONTROL = 'private, max-age=86400'

/** Stores all variants of an image, at once. */
export function putVariants(image: ImageRef, variants: DevelopedVariant[]): Promise<StoredVariant[]> {
  return Promise.all(variants.map((variant) => putVariant(image, variant)))
}

async function putVariant(
  image: ImageRef,
  { spec, data, width, height }: DevelopedVariant,
): Promise<StoredVariant> {
  const { contentType, extension } = OUTPUT_FORMATS[spec.format]
  const key = processedKey({ ...image, variant: spec.name, extension })
  await s3.send(
    new PutObjectCommand({
      Bucket: env.BUCKET,
      Key: key,
      Body: data,
      ContentType: contentType,
      CacheControl: CACHE_CONTROL,
    }),
  )
  return { name: spec.name, key, content_type: contentType, width, height, bytes: data.length }
}
