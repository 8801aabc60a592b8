import root from '../../jest.config.js'

/**
 * Runs the commands of the documentation, checks the OpenAPI document and the page at `/docs` with tools from outside, and
 * uploads with the clients that people use. `api` needs bash, curl and openssl; `superset` needs Python 3.11, PyPI and a browser.
 * So they are not part of `pnpm test`.
 */
export default {
  ...root,
  rootDir: '../..',
  testTimeout: 600_000,
  testMatch: ['<rootDir>/test/docs/*.docs-test.ts'],
}
