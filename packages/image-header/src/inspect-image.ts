import { IMAGE_TYPE_NAMES, IMAGE_TYPES, ImageType, ProblemError } from '@darkroom/core'
import { fileTypeFromBuffer } from 'file-type'
import { imageDimensionsFromData } from 'image-dimensions'
import { isComplete } from './is-complete.ts'

/** What an image's own bytes say of it; `width` and `height` in pixels as stored, before any rotation. */
export interface ImageHeader {
  contentType: ImageType
  width: number
  height: number
}

/**
 * Finds an image's type and dimensions in its first bytes, and checks that its structure reaches its end,
 * all without decoding a pixel: the same check at the HTTP door, behind Kafka and before the decoder.
 *
 * @throws ProblemError `empty-body`, `unsupported-media-type`, `corrupt-image` (no readable header, or cut
 *   off), `image-too-large` (more pixels than its type may have, see core's `IMAGE_TYPES`)
 */
export async function inspectImage(bytes: Uint8Array): Promise<ImageHeader> {
  if (bytes.length === 0) {
    throw new ProblemError('empty-body', 'The body is empty. Send the bytes of an image.')
  }
  const contentType = await sniffType(bytes)
  const { width, height } = readDimensions(bytes, contentType)
  const { name, maxPixels } = IMAGE_TYPES[contentType]
  if (width * height > maxPixels) {
    const [actual, most] = [width * height, maxPixels].map((pixels) => (pixels / 1e6).toFixed(0))
    throw new ProblemError(
      'image-too-large',
      `The image has ${width} × ${height} pixels (${actual} megapixels); the limit for ${name} is ${most} megapixels. Send it smaller.`,
    )
  }
  if (!isComplete(bytes, contentType)) {
    throw new ProblemError(
      'corrupt-image',
      `The ${name} is cut off before its end. Send the whole file again.`,
    )
  }
  return { contentType, width, height }
}

async function sniffType(bytes: Uint8Array): Promise<ImageType> {
  const found = await fileTypeFromBuffer(bytes).catch(() => undefined)
  const mime = found?.mime === 'image/apng' ? 'image/png' : found?.mime
  const accepted = ImageType.safeParse(mime)
  if (accepted.success) return accepted.data
  throw new ProblemError(
    'unsupported-media-type',
    `${describe(bytes, found?.ext)} Accepted are ${IMAGE_TYPE_NAMES}.`,
  )
}

function describe(bytes: Uint8Array, extension: string | undefined): string {
  if (extension === 'heic') return 'These bytes are a HEIC image; export it as JPEG.'
  if (SVG.test(textOf(bytes))) return 'These bytes are an SVG drawing.'
  return extension
    ? `These bytes are a file of type ${extension.toUpperCase()}.`
    : 'These bytes are no image.'
}

/**
 * White space, XML declarations, comments and a document type before an `svg` element. No two alternatives
 * begin alike, so that there is one way only to read a text and no text can hold the matching up.
 */
const SVG =
  /^(?:\s|<\?[^>]*>|<!--(?:(?!-->).)*-->|<!DOCTYPE[^>[]*(?:\[[^\]]*\]\s*)?>)*<(?:\w{1,32}:)?svg[\s/>]/is

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 1024)).toString()
}

function readDimensions(bytes: Uint8Array, contentType: ImageType): { width: number; height: number } {
  try {
    const found = imageDimensionsFromData(bytes)
    if (found && found.width > 0 && found.height > 0) return found
  } catch (cause) {
    throw unreadable(contentType, cause)
  }
  throw unreadable(contentType)
}

function unreadable(contentType: ImageType, cause?: unknown): ProblemError {
  const { name } = IMAGE_TYPES[contentType]
  return new ProblemError('corrupt-image', `The ${name} has no readable header. Send the whole file again.`, {
    cause,
  })
}
