import { acceptedTypes, IMAGE_TYPES, type ImageType, namesOf, ProblemError } from '@darkroom/core'
import { fileTypeFromBuffer } from 'file-type'
import { imageDimensionsFromData } from 'image-dimensions'
import { type CompletenessCheck, checkCompleteness } from './check-completeness.ts'
import { heifType } from './heif-type.ts'
import type { ImageHeader } from './image-header.ts'
import { readStructure } from './read-structure.ts'
import type { Structure } from './structures/structure.ts'
import { withoutLeadingJunk } from './without-leading-junk.ts'

/**
 * Finds an image's type and dimensions in its first bytes, and walks its structure to its end, all without decoding a
 * pixel and in linear time: the same check at the HTTP door, behind Kafka and before the decoder.
 *
 * @param accepted all but HEIC, if not given
 * @throws ProblemError `empty-body`, `unsupported-media-type`, `corrupt-image` (no readable header, one that
 *   contradicts itself, or cut off), `image-too-large` (more pixels than its type may have, see core's `IMAGE_TYPES`, or
 *   more memory to decode them), `too-many-frames`
 */
export async function inspectImage(
  original: Uint8Array,
  accepted: readonly ImageType[] = acceptedTypes(),
): Promise<ImageHeader> {
  const bytes = withoutLeadingJunk(original)
  const header = await readHeader(bytes, accepted)
  const structure = readStructure(bytes, header)
  refuseTooLarge({ ...header, ...structure.extent })
  refuseUnsound(header, structure)
  const completeness = checkCompleteness(header.contentType)
  completeness.push(bytes)
  if (!completeness.end()) throw cutOff(header)
  refuseTooMuchMemory(header, structure.heldBytes + COPIES * bytes.length)
  return header
}

/** A first look at so many bytes; where they do not tell the dimensions, at twice as many, and so on. */
const FIRST_LOOK = 64 * 1024

/**
 * The same for an image that comes in pieces, of which it keeps the first ones only until they tell the dimensions: that
 * is 64 KB of most images. Ends the stream where it refuses early. What the whole file says of itself is still to be
 * looked at before it is decoded.
 *
 * @throws ProblemError as `inspectImage` does, and whatever the stream throws
 */
export async function inspectStream(
  pieces: AsyncIterable<Uint8Array>,
  accepted: readonly ImageType[] = acceptedTypes(),
): Promise<ImageHeader> {
  let header: ImageHeader | undefined
  let completeness: CompletenessCheck | undefined
  let head: Uint8Array[] = []
  let held = 0
  let wanted = FIRST_LOOK
  for await (const piece of pieces) {
    if (completeness) {
      completeness.push(piece)
      continue
    }
    head.push(piece)
    held += piece.length
    if (held < wanted) continue
    const bytes = withoutLeadingJunk(Buffer.concat(head))
    head = [bytes]
    wanted *= 2
    header = await readHeader(bytes, accepted).catch(unlessUnreadable)
    if (!header) continue
    completeness = checkCompleteness(header.contentType)
    completeness.push(bytes)
    head = []
  }
  if (!header || !completeness) return inspectImage(Buffer.concat(head), accepted)
  if (!completeness.end()) throw cutOff(header)
  return header
}

function unlessUnreadable(error: unknown): undefined {
  if (error instanceof ProblemError && error.slug === 'corrupt-image') return undefined
  throw error
}

async function readHeader(bytes: Uint8Array, accepted: readonly ImageType[]): Promise<ImageHeader> {
  if (bytes.length === 0) {
    throw new ProblemError('empty-body', 'The body is empty. Send the bytes of an image.')
  }
  const contentType = await sniffType(bytes, accepted)
  const { width, height } = readDimensions(bytes, contentType)
  const header = { contentType, width, height }
  refuseTooLarge(header)
  return header
}

/** What a JPEG can say; beside it only PNG and AVIF can say more. */
const MAX_SIDE = 65_535
/** Of an animation, the first frame included. */
const MAX_FRAMES = 1000
/** What may be held at once to decode one image. See decisions/0025 for what it leads to. */
const MAX_MEMORY = 400_000_000
/** Of the file, on its way to the decoder. */
const COPIES = 4

function refuseTooLarge({ contentType, width, height }: ImageHeader): void {
  const { name, maxPixels } = IMAGE_TYPES[contentType]
  if (width * height > maxPixels) {
    const [actual, most] = [width * height, maxPixels].map((pixels) => (pixels / 1e6).toFixed(0))
    throw new ProblemError(
      'image-too-large',
      `The image has ${width} × ${height} pixels (${actual} megapixels); the limit for ${name} is ${most} megapixels. Send it smaller.`,
    )
  }
  if (Math.max(width, height) > MAX_SIDE) {
    throw new ProblemError(
      'image-too-large',
      `The image has ${width} × ${height} pixels; no side may have more than ${MAX_SIDE}. Send it smaller.`,
    )
  }
}

function refuseUnsound({ contentType }: ImageHeader, { frames, fault }: Structure): void {
  const { name } = IMAGE_TYPES[contentType]
  if (fault) throw new ProblemError('corrupt-image', `The ${name} ${fault} Save it anew and send that.`)
  if (frames > MAX_FRAMES) {
    throw new ProblemError(
      'too-many-frames',
      `The animation has ${frames} frames; the limit is ${MAX_FRAMES}. Send a shorter one, or its first frame.`,
    )
  }
}

function refuseTooMuchMemory({ contentType }: ImageHeader, needed: number): void {
  if (needed <= MAX_MEMORY) return
  const [actual, most] = [needed, MAX_MEMORY].map((bytes) => (bytes / 1e6).toFixed(0))
  throw new ProblemError(
    'image-too-large',
    `To decode this ${IMAGE_TYPES[contentType].name} takes about ${actual} MB of memory; the limit is ${most} MB. ${INSTEAD[contentType]}`,
  )
}

/** What takes less memory for the same picture, where there is such a thing. */
const INSTEAD: Record<ImageType, string> = {
  'image/jpeg': 'Save it as a baseline JPEG, not progressive, or smaller.',
  'image/png': 'Save it without interlacing, or smaller.',
  'image/webp': 'Send it smaller.',
  'image/gif': 'Send it smaller.',
  'image/avif': 'Save it with 8 bits a channel, or smaller.',
  'image/heic': 'Save it with 8 bits a channel, or smaller.',
}

function cutOff({ contentType }: ImageHeader): ProblemError {
  const { name } = IMAGE_TYPES[contentType]
  return new ProblemError(
    'corrupt-image',
    `The ${name} is cut off before its end. Send the whole file again.`,
  )
}

async function sniffType(bytes: Uint8Array, accepted: readonly ImageType[]): Promise<ImageType> {
  const found = await fileTypeFromBuffer(bytes).catch(() => undefined)
  const mime = found?.mime === 'image/apng' ? 'image/png' : found?.mime
  const type = accepted.find((one) => one === (heifType(bytes) ?? mime))
  if (type) return type
  throw new ProblemError(
    'unsupported-media-type',
    `${describe(bytes, found?.ext, accepted)} Accepted are ${namesOf(accepted)}.`,
  )
}

function describe(bytes: Uint8Array, extension: string | undefined, accepted: readonly ImageType[]): string {
  if (extension === 'heic') {
    // Where HEIC itself is taken, what is left are sequences and HEIF of other codecs.
    const kind = accepted.includes('image/heic') ? 'HEIF other than HEIC' : 'HEIC image'
    return `These bytes are a ${kind}; export it as JPEG.`
  }
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

/** The beginning, in the encoding that its byte order mark tells of. */
function textOf(bytes: Uint8Array): string {
  const [first, second] = bytes
  const encoding =
    first === 0xff && second === 0xfe ? 'utf-16le' : first === 0xfe && second === 0xff ? 'utf-16be' : 'utf-8'
  return new TextDecoder(encoding).decode(bytes.subarray(0, 1024))
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
