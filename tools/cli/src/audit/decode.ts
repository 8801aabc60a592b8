import { createHash } from 'node:crypto'
import { type Bucket, readStored } from '@darkroom/bucket'
import type { StoredProcessed } from '@darkroom/core'
import sharp, { type Metadata } from 'sharp'
import type { Breach } from './breaches.ts'
import { hashOf } from './hash-of.ts'
import type { GatheredImage } from './join-images.ts'

/** Looks into the bytes of an image. */
export type Decode = (gathered: GatheredImage, document: StoredProcessed) => Promise<Breach[]>

/** @param share of the images, 1 for all. The same images every time, by their ids. */
export function decodeShare(bucket: Bucket, share: number): Decode {
  return async (gathered, document) => {
    if (!isChosen(gathered, share)) return []
    const variants = gathered.objects.processed ?? []
    const listed = document.variants.filter(({ key }) => variants.some((variant) => variant.key === key))
    return [
      ...(await checkOriginal(bucket, gathered, document)),
      ...(await Promise.all(listed.map((variant) => checkVariant(bucket, variant)))).flat(),
    ]
  }
}

function isChosen({ image }: GatheredImage, share: number): boolean {
  const [first = 0, second = 0] = createHash('sha256').update(image.imageId).digest()
  return (first * 256 + second) / 65_536 < share
}

async function checkOriginal(
  bucket: Bucket,
  { objects }: GatheredImage,
  { sha256 }: StoredProcessed,
): Promise<Breach[]> {
  const [original] = objects.input ?? []
  const actual = original && (await readStored(bucket, original.key, ({ chunks }) => hashOf(chunks)))
  if (!original || actual === undefined || actual === sha256) return []
  const detail = `its bytes have the SHA-256 ${actual}, by the document ${sha256}`
  return [{ class: 'wrong-bytes', key: original.key, detail }]
}

type Variant = StoredProcessed['variants'][number]

async function checkVariant(bucket: Bucket, variant: Variant): Promise<Breach[]> {
  const bytes = await readStored(bucket, variant.key, async ({ chunks }) => {
    const parts: Uint8Array[] = []
    for await (const chunk of chunks) parts.push(chunk)
    return Buffer.concat(parts)
  })
  const detail = bytes && (await findDamage(bytes, variant))
  return detail ? [{ class: 'damaged-variant', key: variant.key, detail }] : []
}

async function findDamage(bytes: Buffer, variant: Variant): Promise<string | undefined> {
  try {
    const metadata = await sharp(bytes).metadata()
    // Decodes all of it.
    await sharp(bytes, { failOn: 'warning' }).stats()
    const kept = (['exif', 'xmp', 'iptc', 'comments'] as const).filter((kind) => metadata[kind]?.length)
    if (kept.length > 0) return `it carries metadata: ${kept.join(', ')}`
    return sizeDifference(metadata, variant)
  } catch (error) {
    return `it does not decode: ${(error as Error).message.trim()}`
  }
}

function sizeDifference({ width, height, pageHeight }: Metadata, variant: Variant): string | undefined {
  const actual = `${width} × ${pageHeight ?? height}`
  const stated = `${variant.width} × ${variant.height}`
  return actual === stated ? undefined : `it has ${actual} pixels, by the document ${stated}`
}
