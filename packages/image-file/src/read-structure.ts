import type { ImageType } from '@darkroom/core'
import type { ImageHeader } from './image-header.ts'
import { readGif } from './structures/gif.ts'
import { readAvif, readHeic } from './structures/heif.ts'
import { readJpeg } from './structures/jpeg.ts'
import { readPng } from './structures/png.ts'
import type { ReadStructure, Structure } from './structures/structure.ts'
import { readWebp } from './structures/webp.ts'

const READERS: Record<ImageType, ReadStructure> = {
  'image/jpeg': readJpeg,
  'image/png': readPng,
  'image/webp': readWebp,
  'image/gif': readGif,
  'image/avif': readAvif,
  'image/heic': readHeic,
}

/** Walks a file's structure once from one end to the other: in time that grows with its length and with nothing else. */
export function readStructure(bytes: Uint8Array, header: ImageHeader): Structure {
  return READERS[header.contentType](Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), header)
}
