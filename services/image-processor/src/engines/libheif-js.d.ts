/** What is used of libheif's JavaScript interface (post.js of libheif 1.23); the package's own types leave it out. */
declare module 'libheif-js/libheif-wasm/libheif.js' {
  interface HeifImage {
    is_primary(): boolean
    /** Turned and cropped as the file says. */
    get_width(): number
    get_height(): number
    has_alpha_channel(): boolean
    /** Writes RGBA, 8 bits a channel, into `data`; calls back with null if the picture cannot be decoded. */
    display(
      into: { data: Uint8Array; width: number; height: number },
      done: (written: object | null) => void,
    ): void
    free(): void
  }
  interface HeifDecoder {
    /** A pointer. */
    decoder: unknown
    /** The pictures of a file, none of them decoded yet; empty if it cannot be read. */
    decode(file: Uint8Array): HeifImage[]
  }
  interface Libheif {
    HeifDecoder: new () => HeifDecoder
    heif_context_free(decoder: unknown): void
  }
  /** Compiles at once: what comes back is ready. */
  export default function start(options: { wasmBinary: Uint8Array }): Libheif
}
