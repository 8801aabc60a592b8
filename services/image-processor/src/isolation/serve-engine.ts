import { flushCompileCache } from 'node:module'
import { develop } from '../development/develop.ts'
import type { ImageEngine } from '../engines/image-engine.ts'
import { readWatermarks } from '../presets/watermarks.ts'
import { contain } from './contain.ts'
import type { Ready, Request } from './request.ts'
import { toReply } from './request.ts'

/**
 * Makes this process an engine's process: loads everything that the engine needs, contains it, and develops what it is sent until
 * its parent ends.
 */
export async function serveEngine(engine: ImageEngine, containThis = contain): Promise<never> {
  const send = process.send?.bind(process)
  if (!send) throw new Error('an engine process is started by another, with a channel between them')
  process.on('message', async ({ original, preset }: Request) => {
    send(await develop(engine, original, preset).then((developed) => ({ developed }), toReply))
  })
  process.on('disconnect', () => process.exit())
  await engine.warmUp?.()
  readWatermarks()
  // The first stack trace reads the source map of this program.
  void new Error('to have a stack').stack
  // Only if NODE_COMPILE_CACHE is set: this process writes no file later, and is killed in the end.
  flushCompileCache()
  const [, , , inherited = ''] = process.argv
  const ready: Ready = containThis(inherited.split(',').filter(Boolean).map(Number))
  send(ready)
  return new Promise(() => {})
}
