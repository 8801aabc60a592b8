import { serveEngine } from '../serve-engine.ts'
import { misbehaving } from './misbehaving.ts'

await serveEngine(misbehaving)
