import type { ImageEngine } from '../engines/image-engine.ts'
import { ENGINE_PROCESS } from './engine-process.ts'
import type { Isolation } from './isolate.ts'

interface IsolatedEngine extends Omit<Isolation, 'seconds' | 'requireContainment' | 'onNotContained'> {
  load: () => Promise<ImageEngine>
}

/**
 * The image queue's consumer. The same program is started once more to serve its engine, so one bundle has both. Each
 * process loads only its own half.
 */
export async function processImagesIsolated({ load, ...isolation }: IsolatedEngine) {
  if (process.argv[2] === ENGINE_PROCESS) {
    const [{ serveEngine }, engine] = await Promise.all([import('./serve-engine.ts'), load()])
    return serveEngine(engine)
  }
  const [{ processImages, MAX_DEVELOP_SECONDS }, { isolate }, { requireEngineSupport }, { env }, metrics] =
    await Promise.all([
      import('../queue/process-images.ts'),
      import('./isolate.ts'),
      import('../presets/presets.ts'),
      import('../environment.ts'),
      import('../metrics.ts'),
    ])
  requireEngineSupport(isolation.name)
  const requireContainment = env.ENGINE_CONTAINMENT === 'required'
  const onNotContained = metrics.countNotContained
  return processImages(
    isolate({ ...isolation, seconds: MAX_DEVELOP_SECONDS, requireContainment, onNotContained }),
  )
}
