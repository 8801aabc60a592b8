import { serveEngine } from '../serve-engine.ts'
import { misbehaving } from './misbehaving.ts'

/** An engine where the system has no filter. */
await serveEngine(misbehaving, () => ({ contained: false, reason: 'no seccomp' }))
