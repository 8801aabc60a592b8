import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import startLibheif, { type Libheif } from 'libheif-js/libheif-wasm/libheif.js'
import type { Pixels, Size } from './pixels.ts'

/**
 * RGBA pixels of a HEIC's primary picture, 8 bits a channel, in its own color space, rotated as the file says (`irot`,
 * `imir`): its EXIF orientation repeats that and must not be applied. libheif in WebAssembly is compiled when
 * it is first needed.
 *
 * Phones save a grid of tiles. These are decoded one by one, which takes 4 bytes a pixel instead of 15 (decision 53).
 */
export async function decodeHeic(original: Uint8Array): Promise<Pixels & { hasAlpha: boolean }> {
  libheif ??= startLibheif({ wasmBinary })
  const heif = libheif
  const file = heif._malloc(original.length)
  const context = heif._heif_context_alloc()
  try {
    heif.HEAPU8.set(original, file)
    call(heif, heif._heif_context_read_from_memory_without_copy, context, file, original.length, 0)
    const handle = returned(heif, (to) =>
      call(heif, heif._heif_context_get_primary_image_handle, context, to),
    )
    try {
      return decode(heif, handle)
    } finally {
      heif._heif_image_handle_release(handle)
    }
  } finally {
    heif._heif_context_free(context)
    heif._free(file)
  }
}

function decode(heif: Libheif, handle: number): Pixels & { hasAlpha: boolean } {
  const [width, height] = [
    heif._heif_image_handle_get_width(handle),
    heif._heif_image_handle_get_height(handle),
  ]
  const hasAlpha = heif._heif_image_handle_has_alpha_channel(handle) !== 0
  const pixels: Pixels = { width, height, channels: 4, data: Buffer.alloc(width * height * 4) }
  // Tiles have no alpha: that is a picture of its own.
  const tiling = hasAlpha ? undefined : tilingOf(heif, handle, pixels)
  if (!tiling) {
    const image = returned(heif, (to) => call(heif, heif._heif_decode_image, handle, to, RGB, RGBA, 0))
    copy(heif, image, pixels, 0, 0)
    return { ...pixels, hasAlpha }
  }
  const { columns, rows, tileWidth, tileHeight, left, top } = tiling
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const tile = returned(heif, (to) =>
        call(heif, heif._heif_image_handle_decode_image_tile, handle, to, RGB, RGBA, 0, column, row),
      )
      copy(heif, tile, pixels, column * tileWidth - left, row * tileHeight - top)
    }
  }
  return { ...pixels, hasAlpha }
}

/** heif_colorspace_RGB and heif_chroma_interleaved_RGBA. */
const [RGB, RGBA] = [1, 11]
const INTERLEAVED_CHANNEL = 10

interface Tiling {
  columns: number
  rows: number
  tileWidth: number
  tileHeight: number
  /** How much of the first column and row is outside the picture, in pixels: a rotation can bring the ends of tiles there. */
  left: number
  top: number
}

/** Undefined if it has no tiles, or these do not just fill the picture, as after a crop. */
function tilingOf(heif: Libheif, handle: number, { width, height }: Size): Tiling | undefined {
  const [, columns = 0, rows = 0, tileWidth = 0, tileHeight = 0, ...rest] = withMemory(heif, (at) => {
    const turned = 1
    call(heif, heif._heif_image_handle_get_image_tiling, handle, turned, at)
    // A version, then numbers of 4 bytes.
    return [...heif.HEAPU32.subarray(at / 4, at / 4 + 9)]
  })
  const [wholeWidth, wholeHeight, visibleTop = 0, visibleLeft = 0] = rest
  const fills =
    wholeWidth === width &&
    wholeHeight === height &&
    Math.ceil(width / tileWidth) === columns &&
    Math.ceil(height / tileHeight) === rows
  if (columns * rows < 2 || !fills) return undefined
  // libheif gives what is left of a tile inside the picture, or 0 for all of it.
  const hidden = (visible: number, whole: number) => (visible === 0 ? 0 : whole - visible)
  return {
    columns,
    rows,
    tileWidth,
    tileHeight,
    left: hidden(visibleLeft, tileWidth),
    top: hidden(visibleTop, tileHeight),
  }
}

/** Copies a decoded picture to a place that may be partly outside of `to`, and releases it. */
function copy(heif: Libheif, image: number, to: Pixels, left: number, top: number): void {
  try {
    const width = heif._heif_image_get_width(image, INTERLEAVED_CHANNEL)
    const height = heif._heif_image_get_height(image, INTERLEAVED_CHANNEL)
    let plane = 0
    const stride = withMemory(heif, (at) => {
      plane = heif._heif_image_get_plane_readonly(image, INTERLEAVED_CHANNEL, at)
      return heif.HEAPU32[at / 4] ?? 0
    })
    const [first, last] = [Math.max(0, -left), Math.min(width, to.width - left)]
    for (let y = Math.max(0, -top); y < Math.min(height, to.height - top); y++) {
      const from = plane + y * stride
      const at = ((top + y) * to.width + left + first) * 4
      to.data.set(heif.HEAPU8.subarray(from + first * 4, from + last * 4), at)
    }
  } finally {
    heif._heif_image_release(image)
  }
}

/** A `heif_error`: a code, a more exact one, and a pointer to a text, 4 bytes each. It is returned where its first parameter says. */
function call<Parameters extends number[]>(
  heif: Libheif,
  run: (error: number, ...parameters: Parameters) => void,
  ...parameters: Parameters
): void {
  withMemory(heif, (error) => {
    run(error, ...parameters)
    const [code, , text = 0] = heif.HEAPU32.subarray(error / 4, error / 4 + 3)
    if (code === 0) return
    const end = heif.HEAPU8.indexOf(0, text)
    throw new Error(`libheif: ${Buffer.from(heif.HEAPU8.subarray(text, end)).toString()}`)
  })
}

/** What a function writes to the place that it gets. */
function returned(heif: Libheif, write: (to: number) => void): number {
  return withMemory(heif, (at) => {
    write(at)
    return heif.HEAPU32[at / 4] ?? 0
  })
}

const SCRATCH_BYTES = 128

/** The memory's address can change when it grows, so views of it are taken afterwards. */
function withMemory<Result>(heif: Libheif, use: (at: number) => Result): Result {
  const at = heif._malloc(SCRATCH_BYTES)
  try {
    return use(at)
  } finally {
    heif._free(at)
  }
}

/** Read at once, because the engine's process opens no files later. */
const wasmBinary = await readFile(
  createRequire(import.meta.url).resolve('libheif-js/libheif-wasm/libheif.wasm'),
)
let libheif: Libheif | undefined

/** Frees the memory at once. The garbage collector would keep one photograph's pixels until the next one. */
export function release({ data }: Pixels): void {
  ;(data.buffer as ArrayBuffer).transfer(0)
}
