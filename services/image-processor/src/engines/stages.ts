import type { VariantSpec, Warning } from '@darkroom/core'
import type { Size } from './image-engine.ts'
import type { Pixels } from './pixels.ts'

/** The stages in which engines differ. */
export interface Stages {
  /** Decodes upright and in sRGB; may bring the pixels to the size that `frame` gives for the upright original. */
  decode(original: Uint8Array, frame: (upright: Size) => Size): Promise<Decoded>
  shrink(pixels: Pixels, to: Size): Promise<Pixels>
  /** Cuts out what draws the eye. */
  cropSmartly?(pixels: Pixels, to: Size): Promise<Pixels>
  encode(pixels: Pixels, spec: VariantSpec): Promise<Buffer>
  /** All frames of an animation, each made `frame` and cropped. */
  animate?(original: Uint8Array, spec: VariantSpec, frame: Size): Promise<Buffer>
}

/** The size is that of the upright original, whatever the size of the pixels. */
export interface Decoded extends Size {
  pixels: Pixels
  /** How many frames `animate` finds; one where it is not said. */
  frames?: number
  warnings?: Warning[]
}
