import { expect, test } from '@jest/globals'
import { readEnvironment } from './environment.ts'

const least = { UPLOAD_API_URL: 'https://api.example', UPLOAD_API_KEY: 'k' }

test('has defaults for all but the upload API', () => {
  expect(readEnvironment({ ...least, PORT: '' })).toEqual({
    host: '127.0.0.1',
    allowedHosts: [],
    port: 4001,
    uploadApi: { url: 'https://api.example', apiKey: 'k' },
  })
})

test('takes further names of the server from ALLOWED_HOSTS', () => {
  const { allowedHosts } = readEnvironment({ ...least, ALLOWED_HOSTS: 'Loupe.example, other.example' })
  expect(allowedHosts).toEqual(['loupe.example', 'other.example'])
})

test.each([
  [{ ...least, PORT: '65536' }, /PORT/],
  [{ ...least, UPLOAD_API_URL: 'localhost' }, /UPLOAD_API_URL/],
  [{ UPLOAD_API_URL: least.UPLOAD_API_URL }, /UPLOAD_API_KEY/],
])('names the invalid variable: %j', (variables, words) => {
  expect(() => readEnvironment(variables)).toThrow(words)
})
