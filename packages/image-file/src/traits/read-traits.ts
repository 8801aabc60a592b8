import type { Traits } from './traits.ts'
import { traitsOfAvif } from './traits-of-avif.ts'
import { traitsOfGif } from './traits-of-gif.ts'
import { traitsOfJpeg } from './traits-of-jpeg.ts'
import { traitsOfPng } from './traits-of-png.ts'
import { traitsOfWebp } from './traits-of-webp.ts'

/** First bytes of the accepted types, where they stand. */
const READERS: [offset: number, magic: string, read: (image: Buffer) => Traits][] = [
  [0, '\xff\xd8', traitsOfJpeg],
  [0, '\x89PNG', traitsOfPng],
  [0, 'GIF8', traitsOfGif],
  [8, 'WEBP', traitsOfWebp],
  [4, 'ftyp', traitsOfAvif],
]

/** Walks a file's traits. What a damaged one does not say is not there; whether it can be shown, its decoder says. */
export function readTraits(bytes: Uint8Array): Traits {
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
