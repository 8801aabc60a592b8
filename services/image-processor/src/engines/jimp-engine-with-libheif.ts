import { typeOf } from '@darkroom/image-file'
import { decodeHeic } from './decode-heic.ts'
import { decodeWithJimp, jimpEngineWith, toDecoded } from './jimp-engine.ts'

/** jimp, and libheif for HEIC: `IMAGE_ENGINE=jimp HEIC_DECODER=libheif`. */
export const jimpEngineWithLibheif = jimpEngineWith(async (original, _, traits) =>
  typeOf(original) === 'image/heic'
    ? toDecoded(await decodeHeic(original), traits)
    : decodeWithJimp(original, traits),
)
