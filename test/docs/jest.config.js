import root from '../../jest.config.js'

/**
 * What the documents tell to do is done. `api` needs bash, curl and openssl, `superset` Python 3.11, PyPI and a browser, so
 * they are not part of `pnpm test`.
 */
export default {
  ...root,
  rootDir: '../..',
  testTimeout: 600_000,
  testMatch: ['<rootDir>/test/docs/*.docs-test.ts'],
}
