import type { ImageType } from '@darkroom/core'

/** What an image's own bytes say of it; `width` and `height` in pixels as stored, before any rotation. */
export interface ImageHeader {
  contentType: ImageType
  width: number
  height: number
}
