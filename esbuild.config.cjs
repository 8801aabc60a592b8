/**
 * How every service is bundled: ES modules for Lambda's Node, with source maps so that a stack trace names
 * our own lines. A service adds to it in its serverless.yml under custom.esbuild.
 */
module.exports = ({ service, processedInput }) => {
  const { config: _, ...own } = service.custom.esbuild
  return {
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    outputFileExtension: '.mjs',
    // A debugger shows the names in our source.
    minify: processedInput.commands[0] !== 'offline',
    keepNames: true,
    sourcemap: 'linked',
    sourcesContent: false,
    concurrency: 2,
    // Packaging empties its folder at the end; a stack that runs beside it keeps its own. Whoever starts several names them.
    outputWorkFolder: `.esbuild/${process.env.ESBUILD_WORK_FOLDER || processedInput.commands[0]}`,
    // Some dependencies are CommonJS and call require().
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
    ...own,
  }
}
