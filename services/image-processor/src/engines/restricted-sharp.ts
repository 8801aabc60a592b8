import sharp from 'sharp'

/**
 * sharp with one thread (a Lambda has about one core, and more threads only add memory), without its cache (no image is
 * read twice), and with loaders for the accepted types only: SVG, TIFF, PDF and file names are refused before a decoder
 * sees them.
 */
sharp.concurrency(1)
sharp.cache(false)
sharp.block({ operation: ['VipsForeignLoad'] })
sharp.unblock({
  operation: [
    'VipsForeignLoadJpegBuffer',
    'VipsForeignLoadPngBuffer',
    'VipsForeignLoadWebpBuffer',
    'VipsForeignLoadNsgifBuffer',
    'VipsForeignLoadHeifBuffer',
  ],
})

export { sharp }
