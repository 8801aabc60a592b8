import { sharpEngine } from '../engines/sharp-engine.ts'
import { serveEngine } from '../isolation/serve-engine.ts'

await serveEngine(sharpEngine)
