import { develop } from '../development/develop.ts'
import type { ImageEngine } from '../engines/image-engine.ts'
import { READY, type Request, toReply } from './request.ts'

/** Makes this process an engine's process: develops what it is sent until its parent ends. */
export function serveEngine(engine: ImageEngine): Promise<never> {
  const send = process.send?.bind(process)
  if (!send) throw new Error('an engine process is started by another, with a channel between them')
  process.on('message', async ({ original, preset }: Request) => {
    send(await develop(engine, original, preset).then((developed) => ({ developed }), toReply))
  })
  process.on('disconnect', () => process.exit())
  send(READY)
  return new Promise(() => {})
}
