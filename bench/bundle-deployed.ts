import { createRequire } from 'node:module'
import type { Metafile } from 'esbuild'

const configuration: {
  bundleDeployed: (entry: string, outfile: string, external: string[]) => Promise<Metafile>
} = createRequire(import.meta.url)('../esbuild.config.cjs')

/** Bundles one function as it is deployed, and says of what. `external`: the packages that its zip has in `node_modules`. */
export const { bundleDeployed } = configuration
