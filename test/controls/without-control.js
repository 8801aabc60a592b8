/** A jest transformer: swc's, but one file lacks a control. The environment says which, see remove-controls.ts. */
import { createHash } from 'node:crypto'
import { createTransformer as createSwc } from '@swc/jest'

const { file, code, without } = JSON.parse(process.env.WITHOUT_CONTROL ?? '{}')

const mutate = (source, path) => (path === file ? source.replace(code, () => without) : source)

export function createTransformer(options) {
  const swc = createSwc(options)
  return {
    canInstrument: false,
    getCacheKey: (source, path) =>
      createHash('sha256')
        .update(`${path}\n${mutate(source, path)}\n${JSON.stringify(options)}`)
        .digest('hex'),
    process: (source, path, more) => swc.process(mutate(source, path), path, more),
    processAsync: (source, path, more) => swc.processAsync(mutate(source, path), path, more),
  }
}

export default { createTransformer }
