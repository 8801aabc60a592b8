/** What a file says of itself beside its pixels. */
export interface Traits {
  /** Where the image ends; what lies behind is not its own. */
  end: number
  /** From its TIFF header on. */
  exif?: Buffer
  /** The ICC profile. */
  profile?: Buffer
  /** Numbers alone tell of colours other than sRGB's (ITU-T H.273): no engine converts those. */
  hasOtherColours?: boolean
  isAnimated?: boolean
  isCmyk?: boolean
  /** It declares a map that HDR screens brighten it by (ISO 21496-1, Ultra HDR, Apple). */
  hasGainMap?: boolean
  /** It declares further pictures behind itself (CIPA DC-007, Multi-Picture Format). */
  hasMorePictures?: boolean
}
