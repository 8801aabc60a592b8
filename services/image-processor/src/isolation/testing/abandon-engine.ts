/** Starts an engine's process, pauses it, prints its id, and waits to be killed. */
import { startEngineProcess } from '../engine-process.ts'

const engine = startEngineProcess(new URL('misbehaving-engine.ts', import.meta.url).href)
const ready = await engine.ready()
if (!ready.contained) throw new Error(ready.reason)
engine.pause()
console.log(engine.pid)
setInterval(() => {}, 60_000)
