import { acceptedTypes, IMAGE_TYPES, type ImageType, namesOf, ProblemError } from '@darkroom/core'
import { FORMATS, typeOf, withoutLeadingJunk } from './formats.ts'
import { isAvifSequence, isHeif } from './readers/heif.ts'
import { type Format, MAX_PARTS, type Structure, type Walk, walk } from './segments.ts'
import { recognize } from './unsupported-files.ts'

/** Read from an image's bytes. `width` and `height` are in pixels as stored, before any rotation. */
export interface ImageHeader {
  contentType: ImageType
  width: number
  height: number
}

/**
 * Finds an image's type and dimensions, and checks its structure to the end, in linear time and without decoding any
 * pixels. HTTP, Kafka and the image processor use the same check.
 *
 * @param accepted by default all types except HEIC
 * @throws ProblemError `empty-body`, `unsupported-media-type`, `corrupt-image` (no readable header, headers that
 *   contradict each other, or truncated), `image-too-large` (more pixels than core's `IMAGE_TYPES`
 *   allows for its type, or too much memory to decode them), `too-many-frames`
 */
export async function inspectImage(
  original: Uint8Array,
  accepted: readonly ImageType[] = acceptedTypes(),
): Promise<ImageHeader> {
  const bytes = withoutLeadingJunk(original)
  const format = await requireFormat(original, bytes, accepted)
  const inspection = inspectInChunks(format, bytes)
  inspection.push(bytes)
  return inspection.end()
}

/** A refusal of the image says what type it has. */
function namingType<Result>({ contentType }: Format, inspect: () => Result): Result {
  try {
    return inspect()
  } catch (error) {
    throw error instanceof ProblemError ? error.about({ foundType: contentType }) : error
  }
}

/** Bytes that are read before the type is detected. */
const TYPE_DETECTION_BYTES = 64 * 1024

/**
 * Like `inspectImage` for a stream, with the same result. It buffers only the beginning, until the type is known, and later the
 * parts that readers look ahead to. It stops reading when it refuses the image.
 *
 * @throws ProblemError as `inspectImage` does, and any error of the stream
 */
export async function inspectStream(
  chunks: AsyncIterable<Uint8Array>,
  accepted: readonly ImageType[] = acceptedTypes(),
): Promise<ImageHeader> {
  let inspection: Inspection | undefined
  let head: Uint8Array[] = []
  let held = 0
  for await (const chunk of chunks) {
    if (inspection) {
      inspection.push(chunk)
      continue
    }
    head.push(chunk)
    held += chunk.length
    if (held < TYPE_DETECTION_BYTES) continue
    const start = Buffer.concat(head)
    const bytes = withoutLeadingJunk(start)
    inspection = inspectInChunks(await requireFormat(start, bytes, accepted), bytes)
    inspection.push(bytes)
    head = []
  }
  return inspection ? inspection.end() : inspectImage(Buffer.concat(head), accepted)
}

interface Inspection {
  push: Walk['push']
  end(): ImageHeader
}

/** @param start enough of the image to know what else its type is called */
function inspectInChunks(format: Format, start: Uint8Array): Inspection {
  const [dimensions, structure] = [format.dimensions(), format.structure()]
  const walking = walk(format.read(), (segment) => {
    dimensions.visit(segment)
    structure.visit(segment)
  })
  let bytes = 0
  let header: ImageHeader | undefined
  const push = (chunk: Uint8Array) => {
    walking.push(chunk)
    bytes += chunk.length
    if (walking.isCut()) refuseUnsound(format, structure.result(), true)
    if (header || !dimensions.result()) return
    header = requireHeader(format, dimensions.result())
    refuseTooManyPixels(header)
  }
  const end = () => {
    const { complete } = walking.end()
    const { extent, heldBytes, ...rest } = structure.result()
    refuseUnsound(format, rest, walking.isCut())
    const found = requireHeader(format, dimensions.result(), complete && isAvifSequence(start))
    refuseTooManyPixels(found)
    refuseTooManyPixels({ ...found, ...extent })
    if (!complete) throw truncated(found)
    refuseTooMuchMemory(format, heldBytes + FILE_COPIES * bytes)
    return found
  }
  return { push: (chunk) => namingType(format, () => push(chunk)), end: () => namingType(format, end) }
}

/** @param bytes the original without junk before the image, which other formats need: an icon starts with zeros */
async function requireFormat(
  original: Uint8Array,
  bytes: Uint8Array,
  accepted: readonly ImageType[],
): Promise<Format> {
  if (bytes.length === 0)
    throw new ProblemError('empty-body', 'The file is empty. Send the bytes of an image.')
  const type = typeOf(bytes)
  if (type && accepted.includes(type)) return FORMATS[type]
  const { text, foundType } = await describe(original, type, accepted)
  throw new ProblemError('unsupported-media-type', `${text} Supported types: ${namesOf(accepted)}.`, {
    content: { foundType },
  })
}

const UNSUPPORTED = "This file type isn't supported:"

async function describe(
  file: Uint8Array,
  type: ImageType | undefined,
  accepted: readonly ImageType[],
): Promise<{ text: string; foundType?: string | undefined }> {
  if (type) return { text: `${UNSUPPORTED} ${IMAGE_TYPES[type].name}. Export it as JPEG.`, foundType: type }
  if (isHeif(file)) {
    const name = accepted.includes('image/heic') ? 'HEIF other than HEIC' : 'HEIF'
    return { text: `${UNSUPPORTED} ${name}. Export it as JPEG.`, foundType: 'image/heif' }
  }
  const found = await recognize(file)
  if (!found) return { text: "This file isn't an image." }
  const text = [`${UNSUPPORTED} ${found.name}.`, found.advice].filter(Boolean).join(' ')
  return { text, foundType: found.mediaType }
}

function requireHeader(
  { contentType }: Format,
  size: { width: number; height: number } | undefined,
  isSequence = false,
): ImageHeader {
  if (size && size.width > 0 && size.height > 0) return { contentType, ...size }
  if (isSequence) {
    throw new ProblemError(
      'unsupported-media-type',
      `${UNSUPPORTED} an AVIF sequence without a still picture. Export one frame of it as JPEG.`,
    )
  }
  const { name } = IMAGE_TYPES[contentType]
  throw new ProblemError('corrupt-image', `The ${name} has no readable header. Send the complete file again.`)
}

/** The largest side that a JPEG can have. Of the other formats only PNG and AVIF can have a larger one. */
const MAX_SIDE_PIXELS = 65_535
const MAX_FRAMES = 1000
/** Memory that a decoder needs for one image; decisions/0025 has the measured peaks. */
const MAX_MEMORY_BYTES = 400_000_000
/** Copies of the file that exist in memory before and during decoding. */
const FILE_COPIES = 4

function refuseTooManyPixels({ contentType, width, height }: ImageHeader): void {
  const { name, maxPixels } = IMAGE_TYPES[contentType]
  if (width * height > maxPixels) {
    const [actual, most] = [width * height, maxPixels].map((pixels) => (pixels / 1e6).toFixed(0))
    throw new ProblemError(
      'image-too-large',
      `The image is ${width} × ${height} pixels (${actual} megapixels); the limit for ${name} is ${most} megapixels. Resize it and send it again.`,
    )
  }
  if (Math.max(width, height) > MAX_SIDE_PIXELS) {
    throw new ProblemError(
      'image-too-large',
      `The image is ${width} × ${height} pixels; the limit is ${MAX_SIDE_PIXELS} pixels per side. Resize it and send it again.`,
    )
  }
}

function refuseUnsound(
  { contentType }: Pick<ImageHeader, 'contentType'>,
  { frames, fault }: Pick<Structure, 'frames' | 'fault'>,
  isCut: boolean,
): void {
  if (fault) throw unsound(contentType, fault)
  if (frames > MAX_FRAMES) {
    throw new ProblemError(
      'too-many-frames',
      `The animation has ${isCut ? 'at least ' : ''}${frames} frames; the limit is ${MAX_FRAMES}. Send a shorter animation, or its first frame.`,
    )
  }
  if (isCut) throw tooManyParts({ contentType })
}

function tooManyParts({ contentType }: Pick<ImageHeader, 'contentType'>): ProblemError {
  return unsound(contentType, `has more than ${MAX_PARTS} parts`)
}

function unsound(contentType: ImageType, fault: string): ProblemError {
  return new ProblemError(
    'corrupt-image',
    `The ${IMAGE_TYPES[contentType].name} ${fault}. Save it again with an image editor and send that.`,
  )
}

function refuseTooMuchMemory({ contentType, advice }: Format, needed: number): void {
  if (needed <= MAX_MEMORY_BYTES) return
  const [actual, most] = [needed, MAX_MEMORY_BYTES].map((bytes) => (bytes / 1e6).toFixed(0))
  throw new ProblemError(
    'image-too-large',
    `Decoding this ${IMAGE_TYPES[contentType].name} takes about ${actual} MB of memory; the limit is ${most} MB. ${advice}`,
  )
}

function truncated({ contentType }: ImageHeader): ProblemError {
  const { name } = IMAGE_TYPES[contentType]
  return new ProblemError('corrupt-image', `The ${name} is truncated. Send the complete file again.`)
}
