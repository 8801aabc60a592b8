/** What the engine can be made to do, as native code might; the order follows the end of an image. */
const MISDEEDS: Record<string, () => unknown> = {
  loop: () => {
    for (;;);
  },
  /** Never ends either, and takes no processor time. */
  hang: () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0),
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

/**
 * Does what the end of the image orders, if it orders anything.
 *
 * @returns how many images this process has seen
 */
export async function misbehave(original: Uint8Array): Promise<number> {
  images += 1
  const [, misdeed = ''] = /#(\w+) $/.exec(Buffer.from(original).toString('latin1')) ?? []
  await MISDEEDS[misdeed]?.()
  if (misdeed === 'throw') await new Promise(() => {})
  return images
}
