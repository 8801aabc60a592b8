import type { ImageEngine } from '../../engines/image-engine.ts'

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
  /** As somebody else would, but not a new process. */
  killUsed: () => {
    if (images > 1) process.kill(process.pid, 'SIGKILL')
  },
}

let images = 0
/** Decodes nothing, so it starts fast. An image's width is the number of images that it has seen. */
export const misbehaving: ImageEngine = {
  name: 'sharp',
  async develop(original, variants) {
    images += 1
    const [, misdeed = ''] = /#(\w+) $/.exec(Buffer.from(original).toString('latin1')) ?? []
    await MISDEEDS[misdeed]?.()
    if (misdeed === 'throw') await new Promise(() => {})
    const data = Buffer.from(original)
    return {
      width: images,
      height: 1,
      variants: variants.map((spec) => ({ spec, format: 'jpeg', data, width: 8, height: 8, frames: 1 })),
      preview: { data: Buffer.alloc(8 * 8 * 3, 200), channels: 3, width: 8, height: 8 },
      warnings: [],
    }
  },
}
