import { processImagesIsolated } from '../isolation/process-images-isolated.ts'

/** The image queue's consumer without a native module: `IMAGE_ENGINE=jimp`. */
export const handler = await processImagesIsolated({
  name: 'jimp',
  program: import.meta.url,
  load: async () => (await import('../engines/jimp-engine.ts')).jimpEngine,
  // jimp takes about 50 bytes per pixel. The consumer needs the rest of the function's 1769 MB.
  megabytes: 1500,
})
