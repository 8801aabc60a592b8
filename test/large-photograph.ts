import sharp from 'sharp'

/** A JPEG of nothing but noise, of about 2.8 bytes a pixel: a real image, and one that nothing makes smaller. */
export function largePhotograph(pixels: number): Promise<Buffer> {
  const side = Math.round(Math.sqrt(pixels))
  const noise = { type: 'gaussian' as const, mean: 128, sigma: 60 }
  return sharp({ create: { width: side, height: side, channels: 3, background: '#888', noise } })
    .jpeg({ quality: 100, chromaSubsampling: '4:4:4' })
    .toBuffer()
}
