import { sharpEngineWithLibheif } from '../engines/sharp-engine-with-libheif.ts'
import { serveEngine } from '../isolation/serve-engine.ts'

await serveEngine(sharpEngineWithLibheif)
