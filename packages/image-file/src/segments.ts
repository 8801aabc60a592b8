import type { ImageType } from '@darkroom/core'
import type { RgbSpace } from './rgb-space.ts'

/** One part of a container: a JPEG marker segment, a PNG or WebP chunk, a GIF block, a HEIF box. */
export interface Segment {
  /** Its name in the format. */
  type: string
  /** Its position in the file, in bytes. */
  offset: number
  /** In bytes, including its header and trailer. */
  length: number
  /** Its content, as far as it has arrived: all of it in a buffer, the beginning of it in a stream. */
  payload: Buffer
}

/** A part that a reader skips. Lengths are in bytes; `Infinity` extends to the end of the file. */
interface Part {
  type: string
  header: number
  payload: number
  trailer?: number
}

/**
 * Walks one container format. It yields a number to look at least that many bytes ahead (fewer at the end of the file), and
 * a part to skip it. It returns whether the file is complete; a file that ends inside a part is not.
 */
export type Reader = Generator<number | Part, boolean, Buffer>

/** Collects something from a file's segments, in file order. */
export interface Fold<Result> {
  visit(segment: Segment): void
  result(): Result
}

/** Pixels. */
export interface Size {
  width: number
  height: number
}

/** The cost of decoding a file, estimated from its structure. */
export interface Structure {
  /** 1 for a still image. */
  frames: number
  /** The largest picture that a decoder can make of it, regardless of its header. */
  extent: Size
  /** Bytes that a decoder holds in memory, besides the lines in progress. */
  heldBytes: number
  /** Why the file is refused: a sentence without its subject, `has two headers`. */
  fault?: string
}

/** Metadata of a file. */
export interface Traits {
  /** EXIF, starting with its TIFF header. If there are several blocks, the one that decoders use. */
  exif?: Buffer
  /** EXIF that decoders ignore: in second segments, texts and Photoshop's resources. */
  furtherExif?: Buffer[]
  /** All XMP packets, and the parts of those that are split. */
  xmp?: Buffer[]
  /** When the picture was made, as a PNG's text says. */
  creationTime?: string
  /** The ICC profile; empty if it is damaged. */
  profile?: Buffer
  /** The color space that it declares in numbers, if they count before a profile that it may have, too. */
  space?: RgbSpace
  /** It declares colors in numbers that are unknown, so engines do not convert them. */
  hasUnknownColors?: boolean
  /** Its only channel goes from 16 to 235 of 255 (an AVIF), which libheif does not expand. */
  hasGreyOfVideo?: boolean
  /** Of an AVIF or HEIC by its own properties, in the numbers of EXIF, which does not count there. */
  ownOrientation?: number
  isAnimated?: boolean
  isCmyk?: boolean
  /** Where a complete JPEG has its first frame header, and its compressed data, from the first scan's to the last one's. */
  jpeg?: { frame: number; scans: Pick<Segment, 'offset' | 'length'> }
  /** About the quality that it was saved with, 1 to 100. */
  quality?: number | undefined
  /** It has bytes between its parts that belong to none. */
  hasStrayBytes?: boolean
  /** Its compressed data breaks off or cannot be what an encoder wrote, although decoders may accept it. */
  hasDamagedData?: boolean
  /** It declares a gain map for HDR screens (ISO 21496-1, Ultra HDR, Apple). */
  hasGainMap?: boolean
  /** It contains a C2PA manifest, which is not verified. */
  hasContentCredentials?: boolean
  /** It declares more pictures after its own end (CIPA DC-007, Multi-Picture Format). */
  hasMorePictures?: boolean
}

/** Everything this package knows about a file format. */
export interface Format {
  contentType: ImageType
  /** Whether a file that starts like this has the format. */
  matches(start: Buffer): boolean
  read(): Reader
  /** The stored dimensions, before any rotation; undefined until the segment that has them. */
  dimensions(): Fold<Size | undefined>
  structure(): Fold<Structure>
  traits(): Fold<Traits>
  /** How to save the same picture so that decoding it takes less memory. */
  advice: string
}

export interface Walk {
  push(chunk: Uint8Array): void
  /** Whether it has stopped at `MAX_PARTS`. */
  isCut(): boolean
  /** Call it after the last chunk. `end` is the image's length in bytes. */
  end(): { complete: boolean; end: number }
}

/**
 * A walk stops after so many parts. A PNG of 50 MB in chunks of 8 KB has 6,000, a photograph a few dozen; a file of empty parts
 * could have 24 million.
 */
export const MAX_PARTS = 200_000

const NOTHING = Buffer.alloc(0)

/**
 * Gives the names of chunks by their four letters as one big-endian number, `other` for the rest. A file may have a million
 * chunks, and a string for each would take most of the time.
 */
export function chunkNames(...names: string[]): (letters: number) => string {
  const known = new Map(names.map((name) => [Buffer.from(name, 'latin1').readUInt32BE(0), name]))
  return (letters) => known.get(letters) ?? 'other'
}

/** Runs a reader over a file that arrives in chunks. It buffers only the bytes that the reader looks ahead. */
export function walk(reader: Reader, visit: (segment: Segment) => void): Walk {
  let step = reader.next(NOTHING)
  let chunks: Buffer[] = []
  /** The length of `chunks`, their position in the file, the reader's position, and the file's length so far. */
  let held = 0
  let heldFrom = 0
  let position = 0
  let fileLength = 0
  let parts = 0

  const seenEnough = () => typeof step.value !== 'number' || fileLength >= position + step.value

  function advance(ended: boolean) {
    const bytes = chunks.length === 1 ? (chunks[0] ?? NOTHING) : Buffer.concat(chunks, held)
    while (!step.done && position <= fileLength && (ended || seenEnough())) {
      const at = position - heldFrom
      if (typeof step.value === 'number') step = reader.next(bytes.subarray(at))
      else {
        const { type, header, payload, trailer = 0 } = step.value
        const length = header + payload + trailer
        const from = at + header
        visit({
          type,
          offset: position,
          length,
          payload: payload === 0 ? NOTHING : bytes.subarray(from, from + payload),
        })
        position += length
        step = ++parts > MAX_PARTS ? { done: true, value: false } : reader.next(NOTHING)
      }
    }
    const rest = step.done ? NOTHING : bytes.subarray(Math.min(position - heldFrom, held))
    heldFrom += held - rest.length
    held = rest.length
    chunks = [rest]
  }

  return {
    push({ buffer, byteOffset, length: bytes }) {
      fileLength += bytes
      if (step.done) return
      chunks.push(Buffer.from(buffer, byteOffset, bytes))
      held += bytes
      if (seenEnough()) advance(false)
    },
    isCut: () => parts > MAX_PARTS,
    end() {
      advance(true)
      const complete = step.done === true && step.value && (position <= fileLength || position === Infinity)
      return { complete, end: complete ? Math.min(position, fileLength) : fileLength }
    },
  }
}

/** Walks a whole file with several folds at once. */
export function walkAll(bytes: Uint8Array, reader: Reader, visitors: ((segment: Segment) => void)[]) {
  const walking = walk(reader, (segment) => {
    for (const visit of visitors) visit(segment)
  })
  walking.push(bytes)
  return { ...walking.end(), isCut: walking.isCut() }
}
