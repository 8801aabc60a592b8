import { createRequire } from 'node:module'

const configuration: {
  bundleDeployed: (entry: string, outfile: string, external: string[]) => Promise<unknown>
} = createRequire(import.meta.url)('../esbuild.config.cjs')

/** Bundles one function as it is deployed. `external`: the packages that its zip has in `node_modules`. */
export const { bundleDeployed } = configuration
