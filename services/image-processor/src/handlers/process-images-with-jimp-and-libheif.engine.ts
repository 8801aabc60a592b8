import { jimpEngineWithLibheif } from '../engines/jimp-engine-with-libheif.ts'
import { serveEngine } from '../isolation/serve-engine.ts'

await serveEngine(jimpEngineWithLibheif)
