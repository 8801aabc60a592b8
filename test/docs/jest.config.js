import root from '../../jest.config.js'

/**
 * Runs the commands of the documentation. `api` needs bash, curl and openssl; `superset` needs Python 3.11, PyPI and a browser.
 * So they are not part of `pnpm test`.
 */
export default {
  ...root,
  rootDir: '../..',
  testTimeout: 600_000,
  testMatch: ['<rootDir>/test/docs/*.docs-test.ts'],
}
