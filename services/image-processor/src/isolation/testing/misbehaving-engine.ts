import type { ImageEngine } from '../../engines/image-engine.ts'
import { sharpEngine } from '../../engines/sharp-engine.ts'
import { serveEngine } from '../serve-engine.ts'

/** What the engine can be made to do, as native code might; the order follows the end of an image. */
const MISDEEDS: Record<string, () => unknown> = {
  loop: () => {
    for (;;);
  },
  wait: () => new Promise(() => {}),
  abort: () => process.abort(),
  segfault: () => process.kill(process.pid, 'SIGSEGV'),
  exit: () => process.exit(0),
  throw: () => setImmediate(() => Promise.reject(new Error('nobody catches this'))),
  eat: () => {
    const eaten: Buffer[] = []
    for (;;) eaten.push(Buffer.alloc(1e6, 1))
  },
  /** Tells what it has seen. */
  recall: () => {
    throw new Error(`${images} images`)
  },
  /** As somebody else would, but not a new process. */
  killUsed: () => {
    if (images > 1) process.kill(process.pid, 'SIGKILL')
  },
}

let images = 0
const misbehaving: ImageEngine = {
  name: 'sharp',
  async develop(original, variants) {
    images += 1
    const [, misdeed = ''] = /#(\w+) $/.exec(Buffer.from(original).toString('latin1')) ?? []
    await MISDEEDS[misdeed]?.()
    if (misdeed === 'throw') await new Promise(() => {})
    return sharpEngine.develop(original, variants)
  },
}

await serveEngine(misbehaving)
