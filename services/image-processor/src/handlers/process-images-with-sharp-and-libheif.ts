import { processImagesIsolated } from '../isolation/process-images-isolated.ts'

/** The image queue's consumer with the default engine and a decoder for HEIC: `HEIC_DECODER=libheif`. */
export const handler = await processImagesIsolated({
  name: 'sharp',
  program: import.meta.url,
  load: async () => (await import('../engines/sharp-engine-with-libheif.ts')).sharpEngineWithLibheif,
  megabytes: 480,
  pausedMegabytes: 600,
})
