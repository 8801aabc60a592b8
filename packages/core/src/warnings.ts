import * as z from 'zod'

/** What was odd about an image that was developed all the same, with a text for its owner. */
export const WARNINGS = {
  'junk-before-header': 'There were empty bytes in front of the image; they were skipped.',
  'trailing-data': 'There are bytes behind the end of the image; they were ignored.',
  'extra-images-ignored': 'The file holds more pictures than one; only the first was developed.',
  'gain-map-ignored':
    'The gain map for HDR screens was ignored; the variants show the picture as other screens do.',
  'animation-flattened': 'The image is animated; the variants show only its first frame.',
  'bad-exif': 'The EXIF data is damaged; what could not be read of it was ignored.',
  'bad-color-profile': 'The colour profile is damaged; the colours were taken as sRGB.',
  'colors-not-converted':
    'The image has other colours than sRGB, which are not converted; the variants may look pale or too bright.',
} as const satisfies Record<string, string>

export const Warning = z
  .enum(Object.keys(WARNINGS) as [keyof typeof WARNINGS])
  .meta({ description: 'A stable slug.', example: 'trailing-data' })
export type Warning = z.infer<typeof Warning>
