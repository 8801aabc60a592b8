import { env } from '../environment.ts'
import { countNotContained } from '../metrics.ts'
import { requireEngineSupport } from '../presets/presets.ts'
import { MAX_DEVELOP_SECONDS, processImages } from '../queue/process-images.ts'
import { type Isolation, isolate } from './isolate.ts'

interface IsolatedEngine
  extends Omit<
    Isolation,
    'program' | 'seconds' | 'startMilliseconds' | 'requireContainment' | 'onNotContained'
  > {
  /** The file URL of the handler. The program that serves its engine is beside it, as `HANDLER.engine`. */
  handlerUrl: string
}

/** The image queue's consumer, with its engine in a process of its own. */
export function processImagesIsolated({ handlerUrl, ...isolation }: IsolatedEngine) {
  requireEngineSupport(isolation.name)
  return processImages(
    isolate({
      ...isolation,
      program: handlerUrl.replace(/\.\w+(?=$|\?)/, '.engine$&'),
      seconds: MAX_DEVELOP_SECONDS,
      requireContainment: env.ENGINE_CONTAINMENT === 'required',
      onNotContained: countNotContained,
    }),
  )
}
