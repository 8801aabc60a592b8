import { processImagesIsolated } from '../isolation/process-images-isolated.ts'

/** The image queue's consumer without a native module, with a decoder for HEIC. */
export const handler = await processImagesIsolated({
  name: 'jimp',
  program: import.meta.url,
  load: async () => (await import('../engines/jimp-engine-with-libheif.ts')).jimpEngineWithLibheif,
  megabytes: 1500,
})
