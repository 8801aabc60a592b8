import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'

/** TypeScript as ES modules: swc strips the types, Node's own module loader runs the rest. */
export default {
  testEnvironment: fileURLToPath(new URL('tools/testing/src/test-environment.ts', import.meta.url)),
  runtime: fileURLToPath(new URL('tools/testing/src/test-runtime.ts', import.meta.url)),
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          parser: { syntax: 'typescript' },
          target: 'es2024',
          experimental: { keepImportAttributes: true },
        },
      },
    ],
  },
  setupFiles: [fileURLToPath(new URL('tools/testing/src/property-seed.ts', import.meta.url))],
  testMatch: ['<rootDir>/**/*.test.ts'],
  modulePathIgnorePatterns: [
    '/\\.esbuild/',
    '/\\.serverless/',
    '/\\.local/',
    '/\\.cache/',
    '<rootDir>/packages/client/dist/',
  ],
  // A machine with other work can be many times slower; a test that hangs is found all the same.
  testTimeout: 180_000,
  // The message that a worker failed to exit is for a handle that a test leaves open. A worker's end takes longer than jest's
  // 500 ms on a machine with other work: it has hundreds of megabytes to free.
  workerGracefulExitTimeout: 20_000,
  // Files wait for nearly half of their time: for processes of their own, a browser, or a time limit. A number, because jest
  // takes '150%' for 150 workers.
  maxWorkers: Math.ceil(availableParallelism() * 1.5),
}
