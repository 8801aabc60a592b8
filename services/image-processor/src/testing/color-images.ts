import sharp, { type Sharp } from 'sharp'
import { COLOR_SPACES, jpegIn, pngIn } from './wide-gamut.ts'

/** A picture in all kinds of color spaces. */
export const COLOR_IMAGES: Record<string, (picture: Sharp) => Promise<Buffer>> = {
  'sRGB JPEG': (picture) => jpegIn(COLOR_SPACES.sRGB, picture),
  'Display P3 JPEG': (picture) => jpegIn(COLOR_SPACES['Display P3'], picture),
  'Adobe RGB JPEG': (picture) => jpegIn(COLOR_SPACES['Adobe RGB'], picture),
  'ProPhoto RGB JPEG': (picture) => jpegIn(COLOR_SPACES['ProPhoto RGB'], picture),
  'Display P3 16-bit PNG': (picture) => pngIn(COLOR_SPACES['Display P3'], picture),
  'ProPhoto RGB 16-bit PNG': (picture) => pngIn(COLOR_SPACES['ProPhoto RGB'], picture),
  'CMYK JPEG': (picture) =>
    printable(picture).toColorspace('cmyk').withIccProfile('cmyk').jpeg({ quality: 95 }).toBuffer(),
  'grey JPEG': (picture) => picture.clone().toColorspace('b-w').jpeg({ quality: 95 }).toBuffer(),
  'palette PNG': (picture) => picture.clone().png({ palette: true }).toBuffer(),
  'half transparent PNG': (picture) => halfTransparent(picture),
}

/** Paler, because ink on paper has no deep blue. */
function printable(picture: Sharp): Sharp {
  return picture.clone().modulate({ saturation: 0.5 }).linear(0.7, 60)
}

/** Fades to transparent from left to right. */
async function halfTransparent(picture: Sharp): Promise<Buffer> {
  const { data, info } = await picture.clone().ensureAlpha().raw().toBuffer({ resolveWithObject: true })
  const { width, height } = info
  for (let i = 0; i < width * height; i++) data[i * 4 + 3] = Math.round((255 * (i % width)) / width)
  return sharp(data, { raw: { width, height, channels: 4 } })
    .png()
    .toBuffer()
}
