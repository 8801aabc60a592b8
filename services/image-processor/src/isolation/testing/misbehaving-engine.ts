import { existsSync, writeFileSync } from 'node:fs'
import type { ImageEngine } from '../../engines/image-engine.ts'
import { sharpEngine } from '../../engines/sharp-engine.ts'
import { serveEngine } from '../serve-engine.ts'

/** What the engine can be made to do, as native code might; the order follows the end of an image. */
const MISDEEDS: Record<string, (argument: string) => unknown> = {
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
  /** As somebody else would. The argument is a file that remembers the first time. */
  killOnce: (file) => {
    if (existsSync(file)) return
    writeFileSync(file, '')
    process.kill(process.pid, 'SIGKILL')
  },
}

const misbehaving: ImageEngine = {
  name: 'sharp',
  async develop(original, variants) {
    const [, misdeed = '', argument = ''] =
      /#(\w+) (.*)$/s.exec(Buffer.from(original).toString('latin1')) ?? []
    await MISDEEDS[misdeed]?.(argument)
    if (misdeed === 'throw') await new Promise(() => {})
    return sharpEngine.develop(original, variants)
  },
}

await serveEngine(misbehaving)
