import { mkdir, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { ImageStatus } from '@darkroom/core'

/** A variant and its saved file, relative to the contact sheet. */
export type SavedVariant = NonNullable<ImageStatus['variants']>[number] & { file: string }

/** Downloads an image's variants into their own folder. */
export async function saveVariants(image: ImageStatus, folder: string): Promise<SavedVariant[]> {
  await mkdir(join(folder, image.id), { recursive: true })
  return Promise.all((image.variants ?? []).map((variant) => save(variant, image.id, folder)))
}

async function save(
  variant: NonNullable<ImageStatus['variants']>[number],
  imageId: string,
  folder: string,
): Promise<SavedVariant> {
  const answer = await fetch(variant.url)
  if (!answer.ok) throw new Error(`variant ${variant.name} of image ${imageId} returned ${answer.status}`)
  const file = join(imageId, basename(new URL(variant.url).pathname))
  await writeFile(join(folder, file), Buffer.from(await answer.arrayBuffer()))
  return { ...variant, file }
}
