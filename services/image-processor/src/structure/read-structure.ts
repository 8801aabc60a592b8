import type { Structure } from './structure.ts'
import { structureOfAvif } from './structure-of-avif.ts'
import { structureOfGif } from './structure-of-gif.ts'
import { structureOfJpeg } from './structure-of-jpeg.ts'
import { structureOfPng } from './structure-of-png.ts'
import { structureOfWebp } from './structure-of-webp.ts'

/** First bytes of the accepted types, where they stand. */
const READERS: [offset: number, magic: string, read: (image: Buffer) => Structure][] = [
  [0, '\xff\xd8', structureOfJpeg],
  [0, '\x89PNG', structureOfPng],
  [0, 'GIF8', structureOfGif],
  [8, 'WEBP', structureOfWebp],
  [4, 'ftyp', structureOfAvif],
]

/** Walks a file's structure. What a damaged one does not say is not there; whether it can be shown, its decoder says. */
export function readStructure(bytes: Uint8Array): Structure {
  const image = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const reader = READERS.find(
    ([offset, magic]) => image.toString('latin1', offset, offset + magic.length) === magic,
  )
  try {
    return reader?.[2](image) ?? { end: image.length }
  } catch {
    return { end: image.length } // a length that leads out of the file
  }
}
