import { execFile, execFileSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Size } from '../engines/pixels.ts'
import { COLOR_SPACES, profileOf } from './wide-gamut.ts'

const run = promisify(execFile)

/** Whether ImageMagick is installed, to compare with. */
export const hasImageMagick = (() => {
  try {
    return execFileSync('convert', ['-version'], { stdio: 'pipe' }).includes('ImageMagick')
  } catch {
    return false
  }
})()

/**
 * Converts an image with ImageMagick, which shares only the codecs and littlecms with libvips: upright, to sRGB by its
 * profile (perceptual, with black point compensation), on white, in the given size. RGB, 8 bits.
 */
export async function convertWithImageMagick(original: Buffer, { width, height }: Size): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'imagemagick-'))
  try {
    const [file, profile] = [join(folder, 'original'), join(folder, 'srgb.icc')]
    await Promise.all([writeFile(file, original), writeFile(profile, profileOf(COLOR_SPACES.sRGB))])
    const toSrgb = ['-intent', 'perceptual', '-black-point-compensation', '-profile', profile]
    const onWhite = ['-background', 'white', '-alpha', 'remove', '-alpha', 'off']
    const size = ['-filter', 'Lanczos', '-resize', `${width}x${height}!`]
    const { stdout } = await run(
      'convert',
      [`${file}[0]`, '-auto-orient', ...onWhite, ...toSrgb, ...size, '-depth', '8', 'rgb:-'],
      { encoding: 'buffer', maxBuffer: 64 * 1024 * 1024 },
    )
    return stdout
  } finally {
    await rm(folder, { recursive: true })
  }
}
