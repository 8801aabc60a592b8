/** What a file's structure says, read from one end to the other without decoding a pixel. */
export interface Structure {
  /** Pictures that follow one another; 1 if it does not move. */
  frames: number
  /** The largest picture that a decoder could be led to make of it, in pixels, whatever its header says. */
  extent?: { width: number; height: number }
  /** What a decoder has to hold in memory at once, in bytes, beside the lines it is working on. */
  heldBytes: number
  /** What is wrong with it, for its owner: goes on after "The PNG ". */
  fault?: string
}

/** By the type's own rules; width and height are what its header says. */
export type ReadStructure = (bytes: Buffer, size: { width: number; height: number }) => Structure
