import { createRequire } from 'node:module'
import type { Metafile } from 'esbuild'

const configuration: {
  bundleDeployed: (
    entryPoints: Record<string, string>,
    outdir: string,
    external: string[],
  ) => Promise<Metafile>
} = createRequire(import.meta.url)('../esbuild.config.cjs')

/**
 * Bundles functions as they are deployed, and says of what. `entryPoints`: their sources, by the names of their files without
 * `.mjs`. `external`: the packages that their zips have in `node_modules`.
 */
export const { bundleDeployed } = configuration
