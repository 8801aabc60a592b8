import type { ImageEngine } from '../engines/image-engine.ts'
import { SECONDS_TO_DEVELOP } from '../queue/time-for-an-image.ts'
import { ENGINE_PROCESS } from './engine-process.ts'
import type { Isolation } from './isolate.ts'

interface IsolatedEngine extends Omit<Isolation, 'seconds'> {
  load: () => Promise<ImageEngine>
}

/**
 * The image queue's consumer. The same program is started once more for its engine, so that whatever packs the one packs
 * the other: started so, it serves the engine and is no consumer. Each loads only its own half.
 */
export async function processImagesIsolated({ load, ...isolation }: IsolatedEngine) {
  if (process.argv[2] === ENGINE_PROCESS) {
    const [{ serveEngine }, engine] = await Promise.all([import('./serve-engine.ts'), load()])
    return serveEngine(engine)
  }
  const [{ processImages }, { isolate }, { requireEngineSupport }, { presetConfiguration }] =
    await Promise.all([
      import('../queue/process-images.ts'),
      import('./isolate.ts'),
      import('../presets/require-engine-support.ts'),
      import('../presets/preset-configuration.ts'),
    ])
  requireEngineSupport(isolation.name, presetConfiguration)
  return processImages(isolate({ ...isolation, seconds: SECONDS_TO_DEVELOP }))
}
