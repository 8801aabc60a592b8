import { processImagesIsolated } from '../isolation/process-images-isolated.ts'

/** The image queue's consumer without a native module: `IMAGE_ENGINE=jimp`. */
export const handler = processImagesIsolated({
  name: 'jimp',
  handlerUrl: import.meta.url,
  // jimp takes about 50 bytes per pixel. The consumer needs the rest of the function's 1769 MB.
  megabytes: 1500,
})

/** What the engine's program imports and is not bundled: the packages that this file names are installed into the zip. */
export const installed = () =>
  Promise.all([import('@jsquash/avif'), import('@jsquash/jpeg'), import('@jsquash/webp')])
