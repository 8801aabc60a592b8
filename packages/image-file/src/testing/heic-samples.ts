import { readFile } from 'node:fs/promises'

/**
 * Four quarters in four colors, 96 × 64 pixels when upright, drawn by the image processor's `fourCorners`. sharp's
 * prebuilt binary cannot write HEVC, so these files were created once:
 *
 * - `upright`: a JPEG converted with `heif-enc -q 70` (libheif 1.15, x265);
 * - `display-p3`: the same in Display P3 (`jpegIn`);
 * - `rotated`: stored for EXIF orientation 6 (`storedFor`) and saved by Python's pillow-heif 1.8 at quality 70, which
 *   rotates it with an `irot` and also writes the EXIF, as phones do;
 * - `tile`: another picture, 512 × 512 pixels, 64 fields that get brighter, by pillow-heif at quality 60.
 */
export function heicSample(name: 'upright' | 'rotated' | 'display-p3' | 'tile'): Promise<Buffer> {
  return readFile(new URL(`heic/${name}.heic`, import.meta.url))
}
