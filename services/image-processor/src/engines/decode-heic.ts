import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { Pixels } from './pixels.ts'

/**
 * RGBA pixels of a HEIC's primary picture, 8 bits a channel, in its own color space, rotated as the file says (`irot`,
 * `imir`): its EXIF orientation repeats that and must not be applied. libheif in WebAssembly is compiled when
 * it is first needed.
 */
export async function decodeHeic(original: Uint8Array): Promise<Pixels & { hasAlpha: boolean }> {
  libheif ??= startLibheif({ wasmBinary })
  const { HeifDecoder, heif_context_free } = await libheif
  const decoder = new HeifDecoder()
  const images = decoder.decode(original)
  try {
    const image = images.find((one) => one.is_primary())
    if (!image) throw new Error('libheif finds no picture in it')
    const [width, height] = [image.get_width(), image.get_height()]
    const data = Buffer.alloc(width * height * 4)
    const written = await new Promise((done) => image.display({ data, width, height }, done))
    if (!written) throw new Error('libheif cannot decode it')
    return { width, height, channels: 4, data, hasAlpha: image.has_alpha_channel() }
  } finally {
    for (const image of images) image.free()
    heif_context_free(decoder.decoder)
  }
}

/** Read at once, because the engine's process opens no files later. Dynamic for the same reason as in `restricted-sharp.ts`. */
const { default: startLibheif } = await import('libheif-js/libheif-wasm/libheif.js')
const wasmBinary = await readFile(
  createRequire(import.meta.url).resolve('libheif-js/libheif-wasm/libheif.wasm'),
)
let libheif: ReturnType<typeof startLibheif> | undefined

/** Frees the memory at once. The garbage collector would keep one photograph's pixels until the next one. */
export function release({ data }: Pixels): void {
  ;(data.buffer as ArrayBuffer).transfer(0)
}
