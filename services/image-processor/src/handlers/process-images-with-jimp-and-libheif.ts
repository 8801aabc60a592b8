import { processImagesIsolated } from '../isolation/process-images-isolated.ts'

/** The image queue's consumer without a native module, with a decoder for HEIC. */
export const handler = processImagesIsolated({
  name: 'jimp',
  handlerUrl: import.meta.url,
  megabytes: 1500,
})

/** What the engine's program imports and is not bundled: the packages that this file names are installed into the zip. */
export const installed = () =>
  Promise.all([
    import('@jsquash/avif'),
    import('@jsquash/jpeg'),
    import('@jsquash/webp'),
    import('libheif-js/libheif-wasm/libheif.js'),
  ])
