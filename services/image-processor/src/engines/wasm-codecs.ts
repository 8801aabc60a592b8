import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { firstWebpFrame, hasDataLeft } from '@darkroom/image-file'
import decodeAvif, { init as initAvifDecoder } from '@jsquash/avif/decode.js'
import decodeJpegFile, { init as initJpegDecoder } from '@jsquash/jpeg/decode.js'
import decodeWebp, { init as initWebpDecoder } from '@jsquash/webp/decode.js'
import encodeWebp, { init as initWebpEncoder } from '@jsquash/webp/encode.js'
import type { Pixels } from './pixels.ts'

/**
 * JPEG, WebP and AVIF in WebAssembly. The codecs would fetch their .wasm from a `file:` URL, which Node refuses, so they get the
 * bytes. These are read at once, because the engine's process opens no files later: the four together are 1.8 MB. Each is
 * compiled when it is first needed.
 */
export const wasmDecoders = {
  'image/webp': (bytes: Uint8Array): Promise<Pixels> =>
    decodeStillWebp(firstWebpFrame(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length))),
  'image/avif': async (bytes: Uint8Array): Promise<Pixels> => {
    await avifDecoder()
    return toPixels(await decodeAvif(toArrayBuffer(bytes)))
  },
}

/**
 * libjpeg, which decodes to RGBA but not from CMYK. It prints its first complaint about the data, as `djpeg` does (decision 31).
 * Each picture has an instance of its own: libjpeg exits at an error, and WebAssembly never returns memory.
 */
export async function decodeJpeg(jpeg: Uint8Array): Promise<{ pixels: Pixels; isDamaged: boolean }> {
  let isDamaged = false
  const printErr = () => {
    isDamaged = true
  }
  initJpegDecoder({ ...jpegDecoderWasm, printErr })
  const pixels = toPixels(await decodeJpegFile(toArrayBuffer(jpeg)))
  return { pixels, isDamaged }
}

async function decodeStillWebp(webp: Uint8Array): Promise<Pixels> {
  await webpDecoder()
  return toPixels(await decodeWebp(toArrayBuffer(webp)))
}

/** libwebp does not look at what is left of the data after the last line. */
export function endsBeforeItsData(webp: Uint8Array): Promise<boolean> {
  return hasDataLeft(webp, (shorter) =>
    decodeStillWebp(shorter).then(
      () => false,
      () => true,
    ),
  )
}

/** @param quality 1 to 100 */
export function encodeWebpInWasm(pixels: Pixels, quality: number): Promise<Buffer> {
  return encodeWebpWith(pixels, { quality, method: 2 })
}

export function encodeLosslessWebpInWasm(pixels: Pixels): Promise<Buffer> {
  return encodeWebpWith(pixels, { lossless: 1, quality: 75, method: 2 })
}

/** @param options those of libwebp's `WebPConfig` */
export async function encodeWebpWith(
  pixels: Pixels,
  options: Parameters<typeof encodeWebp>[1],
): Promise<Buffer> {
  await webpEncoder()
  const { width, height } = pixels
  const data = new Uint8ClampedArray(pixels.data)
  return Buffer.from(await encodeWebp({ data, width, height, colorSpace: 'srgb' }, options))
}

const [jpegDecoderWasm, webpDecoderWasm, avifDecoderWasm, webpEncoderWasm] = await Promise.all([
  wasm('@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm'),
  wasm('@jsquash/webp/codec/dec/webp_dec.wasm'),
  wasm('@jsquash/avif/codec/dec/avif_dec.wasm'),
  wasm('@jsquash/webp/codec/enc/webp_enc_simd.wasm'),
])
const webpDecoder = once(() => initWebpDecoder(webpDecoderWasm))
const avifDecoder = once(() => initAvifDecoder(avifDecoderWasm))
const webpEncoder = once(() => initWebpEncoder(webpEncoderWasm))

function once<Result>(start: () => Promise<Result>): () => Promise<Result> {
  let started: Promise<Result> | undefined
  return () => {
    started ??= start()
    return started
  }
}

async function wasm(path: string) {
  const wasmBinary = await readFile(createRequire(import.meta.url).resolve(path))
  return { noInitialRun: true, wasmBinary }
}

function toArrayBuffer(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer
}

interface Decoded {
  width: number
  height: number
  data: Uint8Array | Uint8ClampedArray
}

function toPixels(decoded: Decoded | null): Pixels {
  if (!decoded) throw new Error('the decoder gave no picture')
  const { width, height, data } = decoded
  return { width, height, channels: 4, data: Buffer.from(data.buffer, data.byteOffset, data.byteLength) }
}
