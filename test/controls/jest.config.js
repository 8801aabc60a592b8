import { fileURLToPath } from 'node:url'
import config from '../../jest.config.js'

const transformer = fileURLToPath(new URL('without-control.js', import.meta.url))

/** The tests of everything, with the transformer that leaves a control out. */
export default {
  ...config,
  rootDir: fileURLToPath(new URL('../..', import.meta.url)),
  transform: Object.fromEntries(
    Object.entries(config.transform).map(([pattern, [, options]]) => [pattern, [transformer, options]]),
  ),
}
