import * as z from 'zod'

/** What was unusual about an image that was processed anyway, with a text for its owner. */
export const WARNINGS = {
  'junk-before-header': 'There were empty bytes before the image; they were skipped.',
  'trailing-data': 'There are extra bytes after the end of the image; they were ignored.',
  'extra-images-ignored': 'The file contains several pictures; only the first was processed.',
  'gain-map-ignored': 'The HDR gain map was ignored; the variants show the standard picture.',
  'animation-flattened': 'The image is animated; the variants show only its first frame.',
  'damaged-data': 'Part of the file is damaged; areas of the picture may be wrong or missing.',
  'bad-exif': 'The EXIF data is damaged; the unreadable part was ignored.',
  'bad-color-profile': 'The color profile is damaged and was ignored.',
  'colors-not-converted':
    'The colors are HDR, or could not be converted to sRGB; the variants may look different from the original.',
  'content-credentials-removed':
    'The original has Content Credentials (C2PA); the variants have none, because their pixels changed.',
} as const satisfies Record<string, string>

export const Warning = z
  .enum(Object.keys(WARNINGS) as [keyof typeof WARNINGS])
  .meta({ description: 'A stable slug.', example: 'trailing-data' })
export type Warning = z.infer<typeof Warning>
