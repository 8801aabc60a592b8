import { sharpEngine } from './engines/sharp-engine.ts'
import { processImages } from './process-images.ts'

/** The image queue's consumer with the default engine. */
export const handler = processImages(sharpEngine)
