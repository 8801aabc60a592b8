/**
 * sharp with one thread (a Lambda has about one core, and more threads only add memory), without its cache
 * (no image comes twice), and deaf to all but the accepted types: SVG, TIFF, PDF and file names are
 * refused before a decoder sees them. Imported when this module is run and not before: a bundler would hoist a static
 * import to its top, and the process that only watches over the decoder would load it as well.
 */
const { default: sharp } = await import('sharp')

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
