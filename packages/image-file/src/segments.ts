import type { ImageType } from '@darkroom/core'

/** One part of a container: a JPEG marker segment, a PNG or WebP chunk, a GIF block, a HEIF box. */
export interface Segment {
  /** The format's own name for it. */
  type: string
  /** Where it begins in the file, in bytes. */
  offset: number
  /** In bytes, with its header and trailer. */
  length: number
  /** Its content, as far as it has arrived: all of it in a buffer, the beginning of it in a stream. */
  payload: Buffer
}

/** What a reader passes over: lengths in bytes. `Infinity` reaches to the end of the file. */
interface Part {
  type: string
  header: number
  payload: number
  trailer?: number
}

/**
 * Walks one container format. It yields a number to see at least that many bytes ahead (fewer at the end of the file),
 * and a part to move past it. It returns whether the file is complete; one that ends inside a part never is.
 */
export type Reader = Generator<number | Part, boolean, Buffer>

/** Collects something from a file's segments, in file order. */
export interface Fold<Result> {
  visit(segment: Segment): void
  result(): Result
}

/** In pixels. */
export interface Size {
  width: number
  height: number
}

/** What decoding a file would take, by its structure. */
export interface Structure {
  /** 1 for a still image. */
  frames: number
  /** The largest picture that a decoder could make of it, whatever its header says. */
  extent: Size
  /** What a decoder holds in memory at once, in bytes, beside the lines that it is working on. */
  heldBytes: number
  /** Why the file is refused: a sentence without its subject, `has two headers`. */
  fault?: string
}

/** What a file says about itself besides its pixels. */
export interface Traits {
  /** EXIF from its TIFF header on. */
  exif?: Buffer
  /** The XMP packet. */
  xmp?: Buffer
  /** The ICC profile; empty if it is damaged. */
  profile?: Buffer
  /** It declares a color space other than sRGB by code points alone (ITU-T H.273). Engines do not convert those. */
  hasOtherColors?: boolean
  isAnimated?: boolean
  isCmyk?: boolean
  /** It declares a gain map for HDR screens (ISO 21496-1, Ultra HDR, Apple). */
  hasGainMap?: boolean
  /** It declares more pictures after its own end (CIPA DC-007, Multi-Picture Format). */
  hasMorePictures?: boolean
}

/** Everything this package knows about a file format. */
export interface Format {
  contentType: ImageType
  /** Whether a file that begins like this is of the format. */
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
  push(piece: Uint8Array): void
  /** The whole file has been pushed. `end` is where the image ends in it, in bytes. */
  end(): { complete: boolean; end: number }
}

const NOTHING = Buffer.alloc(0)

/**
 * Gives the names of chunks by their four letters as one big-endian number, `other` for the rest. A file may have a million
 * chunks, and a string for each would take most of the time.
 */
export function chunkNames(...names: string[]): (letters: number) => string {
  const known = new Map(names.map((name) => [Buffer.from(name, 'latin1').readUInt32BE(0), name]))
  return (letters) => known.get(letters) ?? 'other'
}

/** Drives a reader over a file that comes in pieces. It holds no more bytes than the reader asks to see at once. */
export function walk(reader: Reader, visit: (segment: Segment) => void): Walk {
  let step = reader.next(NOTHING)
  let pieces: Buffer[] = []
  /** Bytes held in `pieces`, where they begin in the file, where the reader is, and the file's length so far. */
  let held = 0
  let heldFrom = 0
  let position = 0
  let fileLength = 0

  const seenEnough = () => typeof step.value !== 'number' || fileLength >= position + step.value

  function advance(ended: boolean) {
    const bytes = pieces.length === 1 ? (pieces[0] ?? NOTHING) : Buffer.concat(pieces, held)
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
        step = reader.next(NOTHING)
      }
    }
    const rest = step.done ? NOTHING : bytes.subarray(Math.min(position - heldFrom, held))
    heldFrom += held - rest.length
    held = rest.length
    pieces = [rest]
  }

  return {
    push({ buffer, byteOffset, length: bytes }) {
      fileLength += bytes
      if (step.done) return
      pieces.push(Buffer.from(buffer, byteOffset, bytes))
      held += bytes
      if (seenEnough()) advance(false)
    },
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
  return walking.end()
}
