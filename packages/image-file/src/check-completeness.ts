import type { ImageType } from '@darkroom/core'

/**
 * Looks at what lies ahead in a file and says how far to go on, which may be past the end of what is there yet: 0 asks
 * for more to look at, true says that the file is complete, false that it never will be. It is asked once more, with
 * `ended`, when there is no more.
 */
type Walk = (ahead: Buffer, ended: boolean) => number | boolean

/** Is given a file piece by piece, and keeps no more of it than a step of the walk looks at. */
export interface CompletenessCheck {
  push(piece: Uint8Array): void
  /** There is no more. */
  end(): boolean
}

/**
 * Whether a file's structure reaches its own end, so that an upload that was cut off is refused at the door
 * and not seconds later. Bytes behind the end are allowed: cameras and phones write trailers there.
 */
export function checkCompleteness(contentType: ImageType): CompletenessCheck {
  const walk = WALKS[contentType]()
  let verdict: boolean | undefined
  let pieces: Buffer[] = []
  /** Bytes in `pieces`; bytes to pass over before them; how many there have to be before it is worth a look. */
  let held = 0
  let toSkip = 0
  let wanted = 1

  function look(ended: boolean) {
    let [ahead = Buffer.of()] = pieces
    if (pieces.length > 1) ahead = Buffer.concat(pieces, held)
    while (verdict === undefined) {
      if (toSkip > ahead.length || (toSkip === ahead.length && !ended)) {
        toSkip -= ahead.length
        return keep(Buffer.of())
      }
      ahead = ahead.subarray(toSkip)
      toSkip = 0
      const stride = walk(ahead, ended)
      if (typeof stride === 'boolean') verdict = stride
      else if (stride === 0) return keep(ahead)
      else toSkip = stride
    }
    keep(Buffer.of())
  }

  /** A step that looks far ahead is not asked again for every piece. */
  function keep(ahead: Buffer) {
    pieces = ahead.length > 0 ? [ahead] : []
    held = ahead.length
    wanted = 2 * held + 1
  }

  return {
    push({ buffer, byteOffset, length }) {
      if (verdict !== undefined) return
      pieces.push(Buffer.from(buffer, byteOffset, length))
      held += length
      if (held >= wanted) look(false)
    },
    end() {
      if (verdict === undefined) look(true)
      return verdict ?? false
    },
  }
}

const WALKS: Record<ImageType, () => Walk> = {
  'image/jpeg': walkJpeg,
  'image/png': walkPng,
  'image/webp': walkWebp,
  'image/gif': walkGif,
  'image/avif': walkHeif,
  'image/heic': walkHeif,
}

const START_OF_SCAN = 0xda
const END_OF_IMAGE = Buffer.from([0xff, 0xd9])

/**
 * JPEG (ITU-T T.81, annex B): marker segments `FF xx length…` up to the first scan (stray bytes between them
 * are skipped, as decoders do); from there `FF D9` can only be the end, as entropy-coded data writes a literal
 * FF as `FF 00`.
 */
function walkJpeg(): Walk {
  let place: 'start' | 'segments' | 'scan' = 'start'
  return (ahead) => {
    if (place === 'start') {
      place = 'segments'
      return 2
    }
    if (place === 'scan') return ahead.includes(END_OF_IMAGE) || Math.max(0, ahead.length - 1)
    if (ahead.length < 4) return 0
    const marker = ahead[0] === 0xff ? ahead.readUInt8(1) : 0
    if (marker === 0 || marker === 0xff) {
      const next = ahead.indexOf(0xff, 1)
      return next === -1 ? ahead.length : next
    }
    if (marker === START_OF_SCAN) place = 'scan'
    return 2 + ahead.readUInt16BE(2)
  }
}

const IEND = 0x49454e44

/** PNG (W3C PNG, section 5.3): a signature, then chunks of `length type data crc`, the last one IEND. */
function walkPng(): Walk {
  let started = false
  return (ahead) => {
    if (!started) {
      started = true
      return 8
    }
    if (ahead.length < 12) return 0
    return ahead.readUInt32BE(4) === IEND || 12 + ahead.readUInt32BE(0)
  }
}

/** WebP (RFC 9649, section 2.3): `RIFF size …`, all in one. */
function walkWebp(): Walk {
  let atEnd = false
  return (ahead) => {
    if (atEnd) return true
    if (ahead.length < 12) return 0
    atEnd = true
    return ahead.readUInt32LE(4) + 8
  }
}

const EXTENSION = 0x21
const IMAGE_DESCRIPTOR = 0x2c
const TRAILER = 0x3b

/**
 * GIF (GIF89a, sections 18 to 27): header, screen descriptor and colour table, then blocks that end in
 * sub-blocks. A missing trailer is forgiven, a block that runs past the end is not, nor that there is no image.
 */
function walkGif(): Walk {
  let place: 'start' | 'blocks' | 'sub-blocks' = 'start'
  let images = 0
  return (ahead, ended) => {
    if (place === 'start') {
      if (ahead.length < 13) return 0
      place = 'blocks'
      return 13 + colourTableBytes(ahead[10])
    }
    if (place === 'sub-blocks') {
      const { length, finished } = subBlocks(ahead)
      if (finished) place = 'blocks'
      return length
    }
    if (ahead[0] === undefined) return ended ? images > 0 : 0
    if (ahead[0] === TRAILER) return images > 0
    if (ahead[0] !== EXTENSION && ahead[0] !== IMAGE_DESCRIPTOR) return false
    if (ahead.length < 10 && !ended) return 0
    place = 'sub-blocks'
    if (ahead[0] === EXTENSION) return 2
    images += 1
    return 10 + colourTableBytes(ahead[9]) + 1
  }
}

function colourTableBytes(flags = 0): number {
  return flags & 0x80 ? 3 * 2 ** ((flags & 0x07) + 1) : 0
}

/** `size data …` until a size of 0: as many of them as are there, the last perhaps not wholly. */
function subBlocks(ahead: Buffer): { length: number; finished: boolean } {
  let at = 0
  while (at < ahead.length) {
    const size = ahead.readUInt8(at)
    at += 1 + size
    if (size === 0) return { length: at, finished: true }
  }
  return { length: at, finished: false }
}

/** The boxes at the top level of an AVIF or a HEIC; an unknown one behind `mdat` is no box but a trailer. */
const BOXES = new Set([
  'ftyp',
  'meta',
  'moov',
  'mdat',
  'moof',
  'mfra',
  'free',
  'skip',
  'uuid',
  'sidx',
  'styp',
])

/**
 * AVIF and HEIC (ISO/IEC 14496-12, sections 4.2 and 8.11): top-level boxes of `size type …`; size 0 reaches to the end,
 * 1 is 64 bits. The image lies in `mdat`, or in an `idat` within `meta`.
 */
function walkHeif(): Walk {
  let hasData = false
  return (ahead, ended) => {
    if (ahead.length < 8) return ended ? hasData : 0
    const type = ahead.toString('latin1', 4, 8)
    if (hasData && !BOXES.has(type)) return true
    if (ahead.length < 16 && !ended) return 0
    const size = boxSize(ahead)
    if (size === 0) {
      if (hasData || type === 'mdat') return true
      return ended ? type === 'meta' && ahead.includes('idat') : 0
    }
    if (size < 8) return false
    if (type === 'meta' && !hasData) {
      if (ahead.length < size) return 0
      hasData = ahead.subarray(0, size).includes('idat')
    }
    hasData ||= type === 'mdat'
    return size
  }
}

function boxSize(bytes: Buffer): number {
  const short = bytes.readUInt32BE(0)
  if (short !== 1) return short
  return bytes.length >= 16 ? Number(bytes.readBigUInt64BE(8)) : 1
}
