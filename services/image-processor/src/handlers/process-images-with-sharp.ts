import { processImagesIsolated } from '../isolation/process-images-isolated.ts'

/** The image queue's consumer with the default engine. */
export const handler = processImagesIsolated({
  name: 'sharp',
  handlerUrl: import.meta.url,
  megabytes: 480,
  pausedMegabytes: 600,
})

/** What the engine's program imports and is not bundled: the packages that this file names are installed into the zip. */
export const installed = () => import('sharp')
