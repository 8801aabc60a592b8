import { processImagesIsolated } from '../isolation/process-images-isolated.ts'

/** The image queue's consumer with the default engine. */
export const handler = await processImagesIsolated({
  name: 'sharp',
  program: import.meta.url,
  load: async () => (await import('../engines/sharp-engine.ts')).sharpEngine,
  megabytes: 480,
  pausedMegabytes: 600,
})
