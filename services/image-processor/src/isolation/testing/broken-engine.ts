import { serveEngine } from '../serve-engine.ts'

/** An engine whose decoder crashes at every image, as after a bad deployment. */
await serveEngine({ name: 'sharp', develop: () => process.abort() })
