import { jimpEngine } from './engines/jimp-engine.ts'
import { processImages } from './process-images.ts'

/** The image queue's consumer without a native module: `IMAGE_ENGINE=jimp`. */
export const handler = processImages(jimpEngine)
