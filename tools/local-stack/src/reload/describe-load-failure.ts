import { build, stop } from 'esbuild'
import { repositoryRoot } from '../repository-root.ts'

/**
 * Node's errors about a module do not all name the place of the mistake, esbuild's do.
 *
 * @throws esbuild's BuildFailure, or `error` if esbuild finds no mistake
 */
export async function describeLoadFailure(file: string, error: unknown): Promise<never> {
  await build({
    entryPoints: [file],
    absWorkingDir: repositoryRoot,
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
    logLevel: 'silent',
    plugins: [
      {
        name: 'dependencies-are-external',
        setup({ onResolve }) {
          onResolve({ filter: /^[^./]/ }, ({ path, kind }) =>
            kind === 'entry-point' || path.startsWith('@darkroom/') ? undefined : { path, external: true },
          )
        },
      },
    ],
  }).finally(stop)
  throw error
}
