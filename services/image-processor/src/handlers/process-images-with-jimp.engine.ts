import { jimpEngine } from '../engines/jimp-engine.ts'
import { serveEngine } from '../isolation/serve-engine.ts'

await serveEngine(jimpEngine)
