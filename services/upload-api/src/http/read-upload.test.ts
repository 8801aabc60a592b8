import { MAX_UPLOAD_BYTES } from '@darkroom/core'
import { describe, expect, test } from '@jest/globals'
import { readUpload } from './read-upload.ts'
import type { ApiEvent } from './request.ts'

const send = (contentType: string, body: Buffer) =>
  readUpload({
    headers: { 'content-type': contentType },
    body: body.toString('base64'),
    isBase64Encoded: true,
  } as unknown as ApiEvent)

/** Every byte, line ends, dashes, and the short boundary used below where no line starts with it. */
const bytes = Buffer.concat([
  Buffer.from('\r\n\n\r--b\r\n b--b \n--b\n--b--\r--b\r\n\r\n---b\r\n--'),
  Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)),
  Buffer.from('\r\n'),
])

interface Form {
  /** The header lines of the part with the image. */
  head: string
  boundary?: string
  contentType?: string
  preamble?: string
  epilogue?: string
  /** A second part: header lines and value. */
  attributes?: [head: string, value: string]
  value?: Uint8Array
}

function encode({
  head,
  boundary = '----WebKitFormBoundary7MA4YWxkTrZu0gW',
  contentType = `multipart/form-data; boundary=${boundary}`,
  preamble = '',
  epilogue = '\r\n',
  attributes,
  value = bytes,
}: Form): [string, Buffer] {
  const part = (head: string, value: Uint8Array) => [
    Buffer.from(`--${boundary}\r\n${head}\r\n\r\n`),
    value,
    Buffer.from('\r\n'),
  ]
  const body = [
    Buffer.from(preamble),
    ...part(head, value),
    ...(attributes ? part(attributes[0], Buffer.from(attributes[1])) : []),
    Buffer.from(`--${boundary}--${epilogue}`),
  ]
  return [contentType, Buffer.concat(body)]
}

const jpegType = 'Content-Type: image/jpeg'
const disposition = (parameters: string) => `Content-Disposition: form-data; ${parameters}`
const plainHead = `${disposition('name="file"; filename="x.jpg"')}\r\n${jpegType}`
const attributed = (head: string): Form => ({ head: plainHead, attributes: [head, '{"album":"Été 🌊"}'] })

describe('a form is read whole, with the exact bytes', () => {
  const named = (parameters: string): Form => ({ head: `${disposition(parameters)}\r\n${jpegType}` })

  test.each<[string, Form, filename?: string]>([
    ['Chrome, Firefox, Safari', { head: plainHead }],
    ['Python requests', { head: disposition('name="file"; filename="x.jpg"') }],
    [
      '.NET',
      {
        head: `${jpegType}\r\n${disposition("name=file; filename=x.jpg; filename*=utf-8''x.jpg")}`,
        boundary: '8d9f7c1e-6c1f-4a39-9d6e-0f5f5f1f1f1f',
        contentType: 'multipart/form-data; boundary="8d9f7c1e-6c1f-4a39-9d6e-0f5f5f1f1f1f"',
      },
    ],
    [
      '.NET with an umlaut',
      named(`name=file; filename="=?utf-8?B?w5xiZXIuanBn?="; filename*=utf-8''%C3%9Cber.jpg`),
      'Über.jpg',
    ],
    [
      'Go',
      {
        head: `${disposition('name="file"; filename="x.jpg"')}\r\nContent-Type: application/octet-stream`,
        boundary: 'f0e1d2c3b4a5968778695a4b3c2d1e0ff0e1d2c3b4a5968778695a4b3c2d',
      },
    ],
    ['old curl', { head: plainHead, boundary: '----------------------------f4a1b2c3d4e5' }],
    ['Java, Apache HttpClient', { head: `${plainHead}\r\nContent-Transfer-Encoding: binary` }],
    ['Java, OkHttp', { head: `${plainHead}\r\nContent-Length: ${bytes.length}` }],
    [
      'filename* behind filename',
      named(`name="file"; filename="x.jpg"; filename*=UTF-8''x%F0%9F%8C%8A.jpg`),
      'x🌊.jpg',
    ],
    [
      'no blanks',
      { head: `Content-Disposition:form-data;name="file";filename="x.jpg"\r\nContent-Type:image/jpeg` },
    ],
    ['filename before name', named('filename="x.jpg"; name="file"')],
    ['a further parameter', named('name="file"; filename="x.jpg"; size=310')],
    ['an escaped quote', named('name="file"; filename="a\\"b.jpg"'), 'a"b.jpg'],
    ['a name in UTF-8', named('name="file"; filename="Été 🌊.jpg"'), 'Été 🌊.jpg'],
    ['U+FFFD as it was sent', named('name="file"; filename="a\ufffd.jpg"'), 'a\ufffd.jpg'],
    ['the same with percent signs', named(`name="file"; filename*=UTF-8''a%EF%BF%BD.jpg`), 'a\ufffd.jpg'],
    ['a path of Windows', named('name="file"; filename="C:\\photos\\x.jpg"')],
    [
      'a folded header',
      { head: `Content-Disposition: form-data; name="file";\r\n filename="x.jpg"\r\n${jpegType}` },
    ],
    [
      'a preamble and an epilogue',
      { head: plainHead, preamble: 'MIME\r\n--\r\n', epilogue: '\r\nepilogue\r\n' },
    ],
    ['no line end behind the last boundary', { head: plainHead, epilogue: '' }],
    ['a short boundary that the bytes contain', { head: plainHead, boundary: 'b' }],
    ['header names in upper case', { head: plainHead.replaceAll(/^.*?:/gm, (name) => name.toUpperCase()) }],
    ['header names in lower case', { head: plainHead.replaceAll(/^.*?:/gm, (name) => name.toLowerCase()) }],
    [
      'the form type in another case, with another parameter',
      { head: plainHead, boundary: 'b', contentType: 'Multipart/Form-Data; charset=utf-8; Boundary=b' },
    ],
    [
      'every character that a boundary may have',
      {
        head: plainHead,
        boundary: "a'()+_,-./:=? b",
        contentType: `multipart/form-data; boundary="a'()+_,-./:=? b"`,
      },
    ],
    ['attributes as text', attributed(disposition('name="attributes"'))],
    [
      'attributes as a Blob',
      attributed(`${disposition('name="attributes"; filename="blob"')}\r\nContent-Type: application/json`),
    ],
    [
      'attributes as JSON',
      attributed(`${disposition('name="attributes"')}\r\nContent-Type: application/json`),
    ],
    [
      'attributes from Java',
      attributed(`${disposition('name="attributes"')}\r\nContent-Type: text/plain; charset=UTF-8`),
    ],
    [
      'base64',
      {
        head: `${plainHead}\r\nContent-Transfer-Encoding: base64`,
        value: Buffer.from(`${bytes.toString('base64')}\r\n`),
      },
    ],
  ])('%s', async (_client, form, filename = 'x.jpg') => {
    const upload = await send(...encode(form))
    expect(upload.bytes.toString('latin1')).toBe(bytes.toString('latin1'))
    expect(upload.filename).toBe(filename)
    expect(upload.attributes).toEqual(form.attributes && { album: 'Été 🌊' })
  })

  test('up to 4 MB', async () => {
    const value = Buffer.alloc(MAX_UPLOAD_BYTES, '\r\n--b')
    expect((await send(...encode({ head: plainHead, value }))).bytes.equals(value)).toBe(true)
  })
})

test.each([
  ['', undefined],
  ['Content-Type: text/plain', undefined],
  ['Content-Type: Image/PNG; q=1', 'image/png'],
  ['Content-Type: application/octet-stream', 'application/octet-stream'],
])('a part with %j declares the type %p', async (line, declared) => {
  const head = disposition('name="file"; filename="x.jpg"') + (line && `\r\n${line}`)
  expect((await send(...encode({ head }))).declaredType).toBe(declared)
})

describe('a form is refused', () => {
  const [contentType, body] = encode({ head: plainHead })
  const boundary = contentType.split('boundary=')[1]
  const twice = (head: string) =>
    body.toString('latin1').replace(/--\r\n$/, `\r\n${head}\r\n\r\nx\r\n--${boundary}--\r\n`)
  const broken = encode({ head: `${plainHead}\r\nno header line` })

  test.each<[string, string, Buffer, string]>([
    ['two files', contentType, Buffer.from(twice(plainHead), 'latin1'), 'two parts named "file"'],
    [
      'attributes that are no UTF-8',
      contentType,
      Buffer.from(
        twice(disposition('name="attributes"')).replace('\r\nx\r\n', '\r\n{"a":"\xff"}\r\n'),
        'latin1',
      ),
      'The part "attributes" is not valid UTF-8.',
    ],
    [
      'attributes as a blob that is no UTF-8',
      contentType,
      Buffer.from(
        twice(
          `${disposition('name="attributes"; filename="blob"')}\r\nContent-Type: application/json`,
        ).replace('\r\nx\r\n', '\r\n{"a":"\xff"}\r\n'),
        'latin1',
      ),
      'The part "attributes" is not valid UTF-8.',
    ],
    [
      'a file name that is no UTF-8',
      contentType,
      Buffer.from(
        body.toString('latin1').replace('x.jpg', 'caf\xe9.jpg').replace('\xff\xd8', '\xff\xd8\xef\xbf\xbd'),
        'latin1',
      ),
      'The file name of the part "file" is not valid UTF-8.',
    ],
    ['no boundary', 'multipart/form-data', body, 'no boundary'],
    ['an empty boundary', 'multipart/form-data; boundary=', body, 'no boundary'],
    ['another boundary', 'multipart/form-data; boundary=x', body, 'before its first part is complete'],
    ['no bytes', contentType, Buffer.alloc(0), 'before its first part is complete'],
    ['an end in a header', contentType, body.subarray(0, 60), 'before its first part is complete'],
    ['an end in the file', contentType, body.subarray(0, 300), 'the part "file"'],
    ['an end in the last boundary', contentType, body.subarray(0, -4), 'the part "file"'],
    ['an end before the last dashes', contentType, body.subarray(0, -6), 'the part "file"'],
    ['a line that is no header', ...broken, 'invalid header'],
  ])('%s', async (_what, type, bytes, words) => {
    await expect(send(type, bytes)).rejects.toMatchObject({
      slug: 'malformed-request',
      detail: expect.stringContaining(words),
    })
  })
})
