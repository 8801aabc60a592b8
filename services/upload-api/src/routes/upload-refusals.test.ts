import { randomUUID } from 'node:crypto'
import { newImageId, Problem } from '@darkroom/core'
import { awsEnvironment, startLocalAws } from '@darkroom/local-aws'
import { afterAll, describe, expect, test } from '@jest/globals'
import { openStore } from '../testing/open-store.ts'
import { fileOf, formWith, hugePng, jpeg, png } from '../testing/sample-images.ts'
import { send, type TestRequest } from '../testing/send.ts'

const aws = await startLocalAws()
const store = await openStore(awsEnvironment(aws.endpoint))
const { handler } = await import('./upload-image.ts')
afterAll(async () => {
  await store.close()
  await aws.stop()
})

const typed = (type: string) => ({ 'content-type': type })
const raw = (body: string | Uint8Array, type = 'application/octet-stream'): TestRequest => ({
  headers: typed(type),
  body: Buffer.from(body),
})
const json = (body: unknown): TestRequest => ({
  headers: typed('application/json'),
  body: typeof body === 'string' ? body : JSON.stringify(body),
})
const withHeader = (name: string, value: string): TestRequest => ({
  headers: { ...typed('image/jpeg'), [name]: value },
  body: jpeg,
})
const data = jpeg.toString('base64')
const attributed = (attributes: unknown) => json({ data, attributes })
const formAttributed = (attributes: string) => formWith({ file: fileOf(jpeg), attributes })
const manyPairs = Object.fromEntries(Array.from({ length: 17 }, (_, n) => [`k${n}`, '']))
const form = await formWith({ file: fileOf(jpeg) })
const heic = Buffer.concat([Buffer.from([0, 0, 0, 24]), Buffer.from('ftypheic\0\0\0\0mif1heic')])
const hours = (count: number) => newImageId(new Date(Date.now() + count * 3_600_000))

const refusals: [string, TestRequest, number, string, string | RegExp][] = [
  ['no body', { headers: typed('image/jpeg') }, 400, 'empty-body', 'Send the bytes'],
  ['an empty body', raw(''), 400, 'empty-body', 'Send the bytes'],
  ['neither body nor type', {}, 400, 'empty-body', 'Send the bytes'],
  ['an empty JSON body', json(''), 400, 'malformed-request', 'not valid JSON'],
  ['no JSON body', { headers: typed('application/json') }, 400, 'malformed-request', 'not valid JSON'],
  ['JSON with an empty image', json({ data: '' }), 400, 'empty-body', 'Send the bytes'],
  [
    'a form with an empty file',
    await formWith({ file: fileOf(Buffer.alloc(0)) }),
    400,
    'empty-body',
    'bytes',
  ],
  ['a form without a file', await formWith({ attributes: '{}' }), 400, 'empty-body', 'named "file"'],
  ['a form with text instead of a file', await formWith({ file: data }), 400, 'empty-body', 'named "file"'],
  [
    'a form with a file without a filename',
    {
      headers: typed('multipart/form-data; boundary=b'),
      body: Buffer.concat([
        Buffer.from('--b\r\nContent-Disposition: form-data; name="file"; filename=""\r\n'),
        Buffer.from('Content-Type: image/jpeg\r\n\r\n'),
        jpeg,
        Buffer.from('\r\n--b--\r\n'),
      ]),
    },
    400,
    'empty-body',
    'named "file" has no filename',
  ],
  [
    'a form with the file in another part',
    await formWith({ image: fileOf(jpeg) }),
    400,
    'empty-body',
    'named "file"',
  ],

  ['text', raw('hello'), 415, 'unsupported-media-type', 'Supported types: JPEG, PNG, WebP, GIF, AVIF'],
  ['a ZIP', raw(`PK\x05\x06${'\0'.repeat(18)}`), 415, 'unsupported-media-type', "isn't supported: ZIP"],
  ['a PDF', raw('%PDF-1.7\n'), 415, 'unsupported-media-type', "isn't supported: PDF"],
  [
    'an SVG',
    raw('<svg xmlns="http://www.w3.org/2000/svg"/>', 'image/svg+xml'),
    415,
    'unsupported-media-type',
    'SVG',
  ],
  [
    'a HEIC',
    raw(heic, 'image/heic'),
    415,
    'unsupported-media-type',
    "isn't supported: HEIC. Export it as JPEG",
  ],
  [
    'a BMP',
    raw(Buffer.concat([Buffer.from('BM'), Buffer.alloc(64)])),
    415,
    'unsupported-media-type',
    "isn't supported: BMP",
  ],
  ['text in JSON', json({ data: 'aGVsbG8=' }), 415, 'unsupported-media-type', "isn't an image"],
  [
    'text in a form',
    await formWith({ file: fileOf(Buffer.from('hello')) }),
    415,
    'unsupported-media-type',
    "isn't an image",
  ],

  ['a JPEG declared as PNG', raw(jpeg, 'image/png'), 415, 'type-mismatch', 'Declare image/jpeg'],
  [
    'a PNG declared as JPEG in a form',
    await formWith({ file: fileOf(png) }),
    415,
    'type-mismatch',
    'Declare image/png',
  ],

  ['5 MB', raw(Buffer.alloc(5 * 1024 * 1024), 'image/jpeg'), 413, 'payload-too-large', '5242880 bytes'],
  [
    'a byte over 4 MB',
    raw(Buffer.alloc(4 * 1024 * 1024 + 1), 'image/jpeg'),
    413,
    'payload-too-large',
    '4194305 bytes. This endpoint accepts up to 4194304 (4 MB)',
  ],
  [
    '5 MB in a form',
    await formWith({ file: fileOf(Buffer.alloc(5 * 1024 * 1024)) }),
    413,
    'payload-too-large',
    '5242880 bytes',
  ],
  [
    '5 MB in JSON',
    json({ data: Buffer.alloc(5 * 1024 * 1024).toString('base64') }),
    413,
    'payload-too-large',
    '5242880 bytes',
  ],
  ['280 megapixels', raw(hugePng, 'image/png'), 422, 'image-too-large', '20000 × 14000'],
  [
    'a JPEG cut off',
    raw(jpeg.subarray(0, jpeg.length - 20), 'image/jpeg'),
    422,
    'corrupt-image',
    'truncated',
  ],
  ['only the first bytes of a JPEG', raw(jpeg.subarray(0, 40)), 422, 'corrupt-image', 'complete file'],

  [
    'base64 with a wrong character',
    json({ data: `${data.slice(0, -1)}*` }),
    400,
    'malformed-request',
    'body.data',
  ],
  ['base64 without padding', json({ data: 'aGVsbG8' }), 400, 'malformed-request', 'with padding'],
  ['base64url', json({ data: '_-__' }), 400, 'malformed-request', 'body.data is not valid base64'],
  [
    'base64 with line breaks',
    json({ data: `${data.slice(0, 76)}\n${data.slice(76)}` }),
    400,
    'malformed-request',
    'without line breaks',
  ],
  [
    'a data: URL',
    json({ data: `data:image/jpeg;base64,${data}` }),
    400,
    'malformed-request',
    'without a "data:" prefix',
  ],
  ['JSON with an unknown field', json({ data, fileName: 'x' }), 400, 'malformed-request', '"fileName"'],
  ['JSON without data', json({}), 400, 'malformed-request', 'body.data'],
  ['JSON with a number for data', json({ data: 1 }), 400, 'malformed-request', 'body.data'],
  ['JSON that is a string', json('"x"'), 400, 'malformed-request', 'body must be'],
  ['JSON that is null', json('null'), 400, 'malformed-request', 'body must be'],
  ['JSON that is cut off', json('{"data": "'), 400, 'malformed-request', 'not valid JSON'],
  [
    'JSON with a __proto__ field',
    json('{"__proto__": {"data": "x"}}'),
    400,
    'malformed-request',
    '"__proto__"',
  ],
  [
    'JSON with an attribute __proto__',
    json(`{"data":"${data}","attributes":{"__proto__":"x"}}`),
    400,
    'malformed-request',
    '"__proto__"',
  ],
  [
    'a form with an attribute __proto__',
    await formAttributed('{"album":"x","__proto__":"y"}'),
    400,
    'malformed-request',
    'attributes.__proto__',
  ],
  [
    'a form with attributes of over a megabyte',
    await formAttributed(`{"a":"${'x'.repeat(1024 * 1024)}"}`),
    400,
    'malformed-request',
    'The part "attributes" is longer than 1 MB',
  ],
  [
    'an empty uploader',
    json({ data, uploader: '' }),
    400,
    'malformed-request',
    /^body\.uploader [^.]*character\.$/,
  ],
  [
    'an uploader that ends in half a character',
    json({ data, uploader: 'x\ud83d' }),
    400,
    'malformed-request',
    /^body\.uploader [^.]*well-formed Unicode\.$/,
  ],
  [
    'JSON with the uploader in the query',
    { ...json({ data }), query: { uploader: 'user-1' } },
    400,
    'malformed-request',
    '"uploader" is for images sent as raw bytes. Send it as a field of the JSON',
  ],
  [
    'a form with the filename in the query',
    { ...(await formWith({ file: fileOf(jpeg) })), query: { filename: 'x.jpg' } },
    400,
    'malformed-request',
    '"filename" is for images sent as raw bytes. Send it in the form',
  ],
  ['an invalid filename in JSON', json({ data, filename: '/' }), 400, 'malformed-request', 'body.filename'],

  [
    "curl's own content type",
    raw(jpeg, 'application/x-www-form-urlencoded'),
    415,
    'unsupported-media-type',
    'x-www-form-urlencoded',
  ],
  ['text/plain', raw(jpeg, 'text/plain'), 415, 'unsupported-media-type', 'Content-Type text/plain'],
  ['a video type', raw(jpeg, 'video/mp4'), 415, 'unsupported-media-type', 'video/mp4'],

  [
    'a key of version 4',
    withHeader('idempotency-key', randomUUID()),
    400,
    'malformed-request',
    'Idempotency-Key must be a UUIDv7',
  ],
  ['a key that is not a UUID', withHeader('idempotency-key', 'my-key'), 400, 'malformed-request', 'UUIDv7'],
  ['an empty key', withHeader('idempotency-key', ''), 400, 'malformed-request', 'UUIDv7'],
  ['a key that is too old', withHeader('idempotency-key', hours(-24.1)), 400, 'clock-skew', 'last 24 hours'],
  ['a key too far ahead', withHeader('idempotency-key', hours(0.1)), 400, 'clock-skew', '5 minutes ahead'],

  [
    'an unreadable digest',
    withHeader('repr-digest', 'sha-256=abc=='),
    400,
    'malformed-request',
    'Repr-Digest',
  ],
  [
    'a digest that is a string',
    withHeader('repr-digest', 'sha-256="x"'),
    400,
    'malformed-request',
    'Repr-Digest',
  ],
  [
    'a digest in hex',
    withHeader('repr-digest', `sha-256=:${'ab'.repeat(32)}:`),
    400,
    'malformed-request',
    'not hex',
  ],
  [
    'a digest of unknown algorithms',
    withHeader('repr-digest', 'md5=:AAAA:'),
    400,
    'malformed-request',
    'sha-256 or sha-512',
  ],
  ['an empty Repr-Digest', withHeader('repr-digest', ''), 400, 'malformed-request', 'sha-256 or sha-512'],
  [
    'a sha-512 of other bytes',
    withHeader('repr-digest', `sha-512=:${'A'.repeat(86)}==:`),
    400,
    'checksum-mismatch',
    'sha-512',
  ],
  [
    'a digest of other bytes',
    withHeader('repr-digest', `sha-256=:${'A'.repeat(43)}=:`),
    400,
    'checksum-mismatch',
    'Send it again',
  ],

  [
    'too many attributes',
    attributed(manyPairs),
    400,
    'malformed-request',
    'body.attributes must have at most 16',
  ],
  [
    'an attribute that is too long',
    attributed({ k: 'v'.repeat(257) }),
    400,
    'malformed-request',
    'body.attributes.k ',
  ],
  [
    'an invalid attribute key',
    attributed({ 'No Key': '' }),
    400,
    'malformed-request',
    'body.attributes."No Key" must have a key',
  ],
  [
    'attributes that are too large',
    attributed({ a: '写'.repeat(200), b: '写'.repeat(200) }),
    400,
    'malformed-request',
    '1 KB',
  ],
  [
    'half a character in an attribute',
    attributed({ k: 'x\ud83c' }),
    400,
    'malformed-request',
    'body.attributes.k ',
  ],
  [
    'half a character in a filename',
    json({ data, filename: '\udf0a.jpg' }),
    400,
    'malformed-request',
    'body.filename ',
  ],
  ['attributes as a list', attributed(['a']), 400, 'malformed-request', 'body.attributes'],
  [
    'too many attributes in a form',
    await formAttributed(JSON.stringify(manyPairs)),
    400,
    'malformed-request',
    'attributes must have at most 16',
  ],
  [
    'attributes in a form that are not JSON',
    await formAttributed('album=x'),
    400,
    'malformed-request',
    'attributes is not valid JSON',
  ],
  [
    'attributes in a form as a file',
    await formWith({ file: fileOf(jpeg), attributes: fileOf(jpeg) }),
    400,
    'malformed-request',
    'The part "attributes" is not valid UTF-8.',
  ],
  [
    'a form without its boundary',
    { ...form, headers: typed('multipart/form-data') },
    400,
    'malformed-request',
    'no boundary',
  ],
]

test.each(refusals)('%s', async (_what, request, status, slug, words) => {
  const answer = await send(handler, { method: 'POST', app: 'web-app-1', ...request })
  expect(answer).toMatchObject({
    status,
    headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store' },
    body: {
      type: `urn:problem-type:darkroom:${slug}`,
      status,
      detail: typeof words === 'string' ? expect.stringContaining(words) : expect.stringMatching(words),
      instance: '/v1/images',
      retryable: slug === 'checksum-mismatch',
    },
  })
  expect(Problem.strict().parse(answer.body)).toEqual(answer.body)
  expect(await store.storedKeys()).toEqual([])
  expect(await store.takeMessages()).toEqual([])
})

test('a key of another time is answered with the time of the server', async () => {
  const { body } = await send(handler, {
    method: 'POST',
    app: 'web-app-1',
    ...withHeader('idempotency-key', hours(-25)),
  })
  expect(Math.abs(Date.now() - Date.parse(body.serverTime))).toBeLessThan(10_000)
})

test.each(['gzip', 'br', 'GZIP'])(
  'the encoding %s is refused, and the one that works is named',
  async (encoding) => {
    const headers = { ...typed('application/json'), 'content-encoding': encoding }
    const {
      status,
      headers: answered,
      body,
    } = await send(handler, { method: 'POST', app: 'web-app-1', headers, body: 'x' })
    expect([status, answered['accept-encoding']]).toEqual([415, 'identity'])
    expect(Problem.strict().parse(body)).toMatchObject({
      detail: expect.stringContaining('Content-Encoding'),
    })
  },
)

describe('without a credential', () => {
  test.each<[string, TestRequest]>([
    ['a valid request', raw(jpeg, 'image/jpeg')],
    ['JSON that is cut off', json('{')],
    ['no body', {}],
    ['5 MB', raw(Buffer.alloc(5 * 1024 * 1024))],
    ['a bad Idempotency-Key', withHeader('idempotency-key', 'x')],
    ['an unsupported content type', raw('', 'text/plain')],
    ['an invalid app id', { ...raw(jpeg), app: '../web-app-1' }],
  ])('%s is 401, whatever the body', async (_what, request) => {
    const answer = await send(handler, { method: 'POST', ...request })
    expect(answer).toMatchObject({
      status: 401,
      headers: { 'www-authenticate': 'Bearer realm="darkroom"', 'content-type': 'application/problem+json' },
      body: { type: 'urn:problem-type:darkroom:unauthenticated', retryable: false },
    })
    expect(await store.storedKeys()).toEqual([])
  })
})
