/** Key-value pairs that are stored with an image. */
export type Attributes = Record<string, string>

/** The result of an upload: the image is stored and will be processed. Times are ISO 8601 in UTC. */
export interface UploadAccepted {
  id: string
  status: 'queued'
  acceptedAt: string
  /** The media type, found in the bytes. */
  contentType: string
  bytes: number
  /** Lower-case hex. */
  sha256: string
  /** An earlier image of the app has the same bytes: `id` is that image's, and nothing was stored. */
  duplicate?: true | undefined
  links: { self: string }
}

/** What is known about an image. Times are ISO 8601 in UTC. */
export interface ImageStatus {
  id: string
  app: string
  /** `processed` and `failed` are final, except that the image can be erased. */
  status: 'queued' | 'processed' | 'failed' | 'erased'
  acceptedAt: string
  finishedAt?: string | undefined
  filename?: string | undefined
  attributes?: Attributes | undefined
  /** The app's own user who uploaded the image. Only for that user, and for an API key of the app. */
  uploader?: string | undefined
  /** Empty for an erased image. */
  original: {
    contentType?: string | undefined
    bytes?: number | undefined
    sha256?: string | undefined
    width?: number | undefined
    height?: number | undefined
  }
  /** Only for a processed image, until `keptUntil.variants`. */
  variants?: Variant[] | undefined
  /** For the `srcset` of an `<img>`: the uncropped variants, one per width, without AVIF. */
  srcset?: string | undefined
  /** For the `<source>` elements of a `<picture>` around that `<img>`, in this order. Missing if no format pays. */
  sources?: { type: string; srcset: string }[] | undefined
  /** `thumbhash` is base64, `dominantColor` is `#rrggbb`. */
  placeholder?: { thumbhash: string; dominantColor: string } | undefined
  /** The location is never included, only whether the file had one. */
  exif?:
    | {
        takenAt?: string | undefined
        cameraMake?: string | undefined
        cameraModel?: string | undefined
        lens?: string | undefined
        focalLengthMm?: number | undefined
        exposureSeconds?: number | undefined
        /** The f-number: 2.8 for f/2.8. */
        aperture?: number | undefined
        iso?: number | undefined
        flashFired?: boolean | undefined
        /** The program or firmware that wrote the file. */
        software?: string | undefined
        orientation?: number | undefined
        hadLocation: boolean
      }
    | undefined
  perceptualHash?: string | undefined
  /** Something unusual about an image that was processed anyway. */
  warnings?: { type: string; detail: string }[] | undefined
  timings?: { queuedMs: number; processingMs: number } | undefined
  /** Only for a failed image. `detail` is written for users. */
  failure?: { type: string; title: string; detail: string; retryable: boolean } | undefined
  /** `complete` is false while parts of the image may still be stored. */
  erasure?: { at: string; by: string; objects: number; complete: boolean } | undefined
  /** Missing for an erased image. */
  keptUntil?: { original: string; variants: string; status: string } | undefined
}

/** `url` is presigned and valid for at least an hour. */
export interface Variant {
  name: string
  url: string
  contentType: string
  width: number
  height: number
  bytes: number
}

/** A page of an app's images. It can have fewer than `limit`, even none, and still have a `cursor`. */
export interface ImageList {
  items: ImageStatus[]
  /** Pass it on for the next page. Missing on the last one. */
  cursor?: string | undefined
}
