/** What is used of libheif's C interface (heif.h of libheif 1.23); the package's own types leave it out. Addresses are numbers. */
declare module 'libheif-js/libheif-wasm/libheif.js' {
  export interface Libheif {
    HEAPU8: Uint8Array
    HEAPU32: Uint32Array
    _malloc(bytes: number): number
    _free(at: number): void
    _heif_context_alloc(): number
    _heif_context_free(context: number): void
    /** The file must stay where it is as long as the context is used. */
    _heif_context_read_from_memory_without_copy(
      error: number,
      context: number,
      file: number,
      bytes: number,
      options: number,
    ): void
    _heif_context_get_primary_image_handle(error: number, context: number, to: number): void
    _heif_image_handle_release(handle: number): void
    /** Turned and cropped as the file says. */
    _heif_image_handle_get_width(handle: number): number
    _heif_image_handle_get_height(handle: number): number
    _heif_image_handle_has_alpha_channel(handle: number): number
    _heif_image_handle_get_image_tiling(error: number, handle: number, turned: number, to: number): void
    _heif_image_handle_decode_image_tile(
      error: number,
      handle: number,
      to: number,
      colorSpace: number,
      chroma: number,
      options: number,
      column: number,
      row: number,
    ): void
    _heif_decode_image(
      error: number,
      handle: number,
      to: number,
      colorSpace: number,
      chroma: number,
      options: number,
    ): void
    _heif_image_get_width(image: number, channel: number): number
    _heif_image_get_height(image: number, channel: number): number
    _heif_image_get_plane_readonly(image: number, channel: number, stride: number): number
    _heif_image_release(image: number): void
  }
  /** Compiles at once: what comes back is ready. */
  export default function start(options: { wasmBinary: Uint8Array }): Libheif
}
