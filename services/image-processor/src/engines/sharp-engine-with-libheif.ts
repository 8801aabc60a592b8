import { deflateSync } from 'node:zlib'
import { type FileTraits, isSoundProfile, isSrgbProfile, pngChunk, typeOf } from '@darkroom/image-file'
import type { Decoded } from './cascade.ts'
import { decodeHeic, release } from './decode-heic.ts'
import type { Size } from './pixels.ts'
import { sharp } from './restricted-sharp.ts'
import { decodeWithSharp, sharpEngineWith, toPixels } from './sharp-engine.ts'
import { inSrgb } from './to-srgb.ts'

/** sharp, and libheif for HEIC: `HEIC_DECODER=libheif`. */
export const sharpEngineWithLibheif = sharpEngineWith((original, frame, traits) =>
  (typeOf(original) === 'image/heic' ? decodeInSrgb : decodeWithSharp)(original, frame, traits),
)

async function decodeInSrgb(
  original: Uint8Array,
  frame: (upright: Size) => Size,
  { profile, space }: FileTraits,
): Promise<Decoded> {
  const { hasAlpha, ...full } = await decodeHeic(original)
  const { width, height, channels, data } = full
  const fitted = frame({ width, height })
  const small = sharp(data, { raw: { width, height, channels } }).resize({
    width: fitted.width,
    height: fitted.height,
    fit: 'fill',
  })
  if (!hasAlpha) small.removeAlpha()
  const pixels =
    profile && isSoundProfile(profile) && !isSrgbProfile(profile)
      ? await toPixels(sharp(withProfile(await small.png({ compressionLevel: 0 }).toBuffer(), profile)))
      : inSrgb(await toPixels(small), space)
  release(full)
  return { width, height, pixels }
}

/** A PNG with an ICC profile after its IHDR (W3C PNG, 11.3.2.3), which sharp converts from when it reads it. */
function withProfile(png: Buffer, profile: Buffer): Buffer {
  const chunk = pngChunk('iCCP', Buffer.concat([Buffer.from('ICC\0\0', 'latin1'), deflateSync(profile)]))
  return Buffer.concat([png.subarray(0, 33), chunk, png.subarray(33)])
}
