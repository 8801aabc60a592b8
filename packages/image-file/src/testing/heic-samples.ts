import { readFile } from 'node:fs/promises'

/**
 * Four quarters in four colors, 96 × 64 pixels when upright, as the image processor's tests draw them (`fourCorners`).
 * sharp's prebuilt writes no HEVC, so these files were made once:
 *
 * - `upright`: a JPEG of them through `heif-enc -q 70` (libheif 1.15, x265);
 * - `display-p3`: the same with the numbers and the profile of Display P3 (`jpegIn`);
 * - `rotated`: stored for EXIF orientation 6 (`storedFor`) and saved by Python's pillow-heif 1.8 at quality 70, which
 *   turns it by an `irot` and writes the EXIF as well, as telephones do.
 */
export function heicSample(name: 'upright' | 'rotated' | 'display-p3'): Promise<Buffer> {
  return readFile(new URL(`heic/${name}.heic`, import.meta.url))
}
