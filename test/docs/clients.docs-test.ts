import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { createClient } from '@darkroom/client'
import { inputKey } from '@darkroom/core'
import { freePorts, type Stack, startStack } from '@darkroom/local-stack'
import { formatTable } from '@darkroom/terminal'
import { openBrowser } from '@darkroom/testing'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { uppyExample } from '../uppy-example.ts'

const run = promisify(execFile)
const inRepository = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url))
const photograph = inRepository('node_modules/jpeg-exif/test/IMG_0001.JPG')
const image = await readFile(photograph)
const sha256 = createHash('sha256').update(image).digest('hex')
const APP = 'web-app-1'

/** What a client got: a line of the table. */
interface Sent {
  client: string
  form: string
  status: number
  body: { id?: string; type?: string; sha256?: string }
}

let folder: string
let stack: Stack
let s3: S3Client
let url: string
let key: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'darkroom-'))
  stack = await startStack({ ports: await freePorts(), services: ['upload-api', 'image-processor'] })
  url = `${stack.endpoints.uploadApi}/v1/images`
  key = stack.endpoints.apps[APP]?.apiKey ?? ''
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }
  s3 = new S3Client({ endpoint: stack.endpoints.aws, region: 'us-east-1', credentials })
})
afterAll(async () => {
  s3.destroy()
  await stack.stop()
  await rm(folder, { recursive: true })
})

const table: string[][] = []
afterAll(() => {
  process.stdout.write(`${formatTable(['client', 'form', 'result'], table, 100)}\n`)
})

/** 202 and the stored bytes are those that were sent, or this problem. */
async function expectResult(
  expected: 'stored' | string,
  { client, form, status, body }: Sent,
): Promise<void> {
  const row = [
    client,
    form,
    status === 202 ? '202, same SHA-256' : `${status} ${body.type?.split(':').at(-1)}`,
  ]
  if (expected === 'stored') {
    expect([client, form, status, body.sha256]).toEqual([client, form, 202, sha256])
    const Key = inputKey({ app: APP, imageId: body.id ?? '' })
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: stack.endpoints.bucket, Key }))
    const stored = (await Body?.transformToByteArray()) ?? new Uint8Array()
    expect([client, form, createHash('sha256').update(stored).digest('hex')]).toEqual([client, form, sha256])
  } else expect([client, form, status, body.type]).toEqual([client, form, ...problem(expected)])
  table.push(row)
}

const problem = (expected: string): [number, string] => {
  const [status, slug] = expected.split(' ')
  return [Number(status), `urn:problem-type:darkroom:${slug}`]
}

async function isInstalled(program: string, ...args: string[]): Promise<boolean> {
  return run(program, args).then(
    () => true,
    () => false,
  )
}

const missing = (client: string) => table.push([client, '', 'not on this machine'])

test('curl', async () => {
  if (!(await isInstalled('curl', '--version'))) return missing('curl')
  await writeFile(join(folder, 'photo.gz'), gzipSync(image))
  await writeFile(join(folder, 'photo.json'), JSON.stringify({ data: image.toString('base64') }))
  const json = ['-H', 'Content-Type: application/json', '--data-binary', '@photo.json']
  const cases: [form: string, expected: string, args: string[]][] = [
    ['bytes, Content-Type', 'stored', ['-H', 'Content-Type: image/jpeg', '--data-binary', `@${photograph}`]],
    ['bytes, -T with POST', 'stored', ['-X', 'POST', '-T', photograph]],
    ['form', 'stored', ['-F', `file=@${photograph}`]],
    ['form, attributes', 'stored', ['-F', `file=@${photograph}`, '-F', 'attributes={"album":"a"}']],
    ['form, quote in the name', 'stored', ['-F', `file=@${photograph};filename="a\\"b.jpg"`]],
    ['JSON', 'stored', json],
    ['JSON, --http1.0', 'stored', ['--http1.0', ...json]],
    ['form, two files', '400 malformed-request', ['-F', `file=@${photograph}`, '-F', `file=@${photograph}`]],
    ['form, part named photo', '400 empty-body', ['-F', `photo=@${photograph}`]],
    ['form, type=image/png', '415 type-mismatch', ['-F', `file=@${photograph};type=image/png`]],
    ['gzip', '415 unsupported-media-type', ['-H', 'Content-Encoding: gzip', '--data-binary', '@photo.gz']],
    ['-d, urlencoded', '415 unsupported-media-type', ['-d', 'file=photo.jpg']],
  ]
  for (const [form, expected, args] of cases) {
    const output = ['-s', '-w', '\n%{http_code}', '-H', `Authorization: Bearer ${key}`, url, ...args]
    const { stdout } = await run('curl', output, { cwd: folder })
    const [body = '', status] = stdout.split(/\n(?=\d+$)/)
    await expectResult(expected, { client: 'curl', form, status: Number(status), body: JSON.parse(body) })
  }
})

/** Lines of JSON, one per form. */
async function expectAllStored(program: string, args: string[]): Promise<void> {
  const { stdout } = await run(program, [...args, url, key, photograph])
  const lines = stdout.trim().split('\n')
  expect(lines.length).toBeGreaterThanOrEqual(3)
  for (const line of lines) await expectResult('stored', JSON.parse(line))
}

test('Python: requests and httpx', async () => {
  const inVenv = inRepository('.cache/guides/bin/python')
  const python = existsSync(inVenv) ? inVenv : 'python3'
  if (!(await isInstalled(python, '-c', 'import requests, httpx'))) return missing('requests, httpx')
  await expectAllStored(python, [inRepository('test/docs/clients/send.py')])
})

test('Go', async () => {
  if (!(await isInstalled('go', 'version'))) return missing('Go')
  await expectAllStored('go', ['run', inRepository('test/docs/clients/send.go')])
})

test('Node: fetch and FormData', async () => {
  const send = async (form: string, init: RequestInit) => {
    const headers = { authorization: `Bearer ${key}`, ...init.headers }
    const answer = await fetch(url, { method: 'POST', ...init, headers })
    await expectResult('stored', {
      client: 'Node fetch',
      form,
      status: answer.status,
      body: (await answer.json()) as Sent['body'],
    })
  }
  const form = new FormData()
  form.set('file', new File([image], 'photo.jpg'))
  form.set('attributes', new Blob(['{"album":"a"}'], { type: 'application/json' }))
  await send('FormData, attributes as Blob', { body: form })
  await send('bytes', { body: image })
  await send('Blob with type', { body: new Blob([image], { type: 'image/jpeg' }) })
  await send('JSON', {
    body: JSON.stringify({ data: image.toString('base64') }),
    headers: { 'content-type': 'application/json' },
  })
})

test('@darkroom/client', async () => {
  const client = createClient({ url: stack.endpoints.uploadApi, credential: key })
  const body = await client.upload(new Blob([image]))
  await expectResult('stored', { client: '@darkroom/client', form: 'upload()', status: 202, body })
})

test('Uppy', async () => {
  const site = await uppyExample({ api: `${stack.endpoints.uploadApi}/v1`, key })
  const browser = await openBrowser()
  try {
    const page = await browser.newPage()
    await page.goto(site.url)
    for (const [form, multipartAbove] of [
      ['form to S3, complete', 100_000_000],
      ['part to S3, complete', 0],
    ]) {
      await page.evaluate(`multipartAbove = ${multipartAbove}`)
      const completed = page.waitForResponse((answer) => answer.url().endsWith('/complete'))
      await page
        .locator('input')
        .setInputFiles({ name: `${form}.jpg`, mimeType: 'image/jpeg', buffer: image })
      const answer = await completed
      const row = { client: 'Uppy', form: String(form), status: answer.status(), body: await answer.json() }
      await expectResult('stored', row)
    }
  } finally {
    await browser.close()
    await site.stop()
  }
})

/** Forms as other clients write them, byte for byte: head of the part, then what comes around the image. */
const RECORDED: [client: string, form: string, expected: string, head: string, boundary?: string][] = [
  [
    '.NET HttpClient',
    'unquoted name',
    'stored',
    "Content-Disposition: form-data; name=file; filename=x.jpg; filename*=utf-8''x.jpg",
  ],
  [
    '.NET HttpClient',
    'quoted boundary',
    'stored',
    'Content-Disposition: form-data; name=file; filename=x.jpg',
    '"{}"',
  ],
  [
    'Java HttpClient',
    'by hand',
    'stored',
    'Content-Disposition: form-data;name="file";filename="x.jpg"\r\nContent-Type: image/jpeg',
  ],
  [
    'Apache HttpClient',
    'binary',
    'stored',
    'Content-Disposition: form-data; name="file"; filename="x.jpg"\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary',
  ],
  ['old curl', 'filename first', 'stored', 'content-disposition: form-data; filename="x.jpg"; name="file"'],
]

function sendRaw(contentType: string, body: Buffer): Promise<{ status: number; body: Sent['body'] }> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${key}`, 'content-type': contentType }
    const sent = request(url, { method: 'POST', headers }, async (answer) => {
      resolve({ status: answer.statusCode ?? 0, body: JSON.parse(await text(answer)) })
    })
    sent.on('error', reject).end(body)
  })
}

test('forms as .NET, Java, Apache and old curl write them', async () => {
  const boundary = '5a1b0c9d-2f7e-4d7a-8f0e-1d2c3b4a5968'
  for (const [client, form, expected, head, quoted = '{}'] of RECORDED) {
    const start = Buffer.from(`--${boundary}\r\n${head}\r\n\r\n`)
    const body = Buffer.concat([start, image, Buffer.from(`\r\n--${boundary}--\r\n`)])
    const contentType = `multipart/form-data; boundary=${quoted.replace('{}', boundary)}`
    await expectResult(expected, { client, form, ...(await sendRaw(contentType, body)) })
    if (form !== 'by hand') continue
    const cut = body.subarray(0, body.length - 60_000)
    await expectResult('400 malformed-request', {
      client,
      form: 'cut off',
      ...(await sendRaw(contentType, cut)),
    })
    const nameless = await sendRaw('multipart/form-data', body)
    await expectResult('400 malformed-request', { client, form: 'no boundary', ...nameless })
  }
})

interface Announced {
  id: string
  key: string
  fields?: Record<string, string>
  headers?: Record<string, string>
  links: { complete: string }
}

async function ask<Body>(path: string, body?: object): Promise<{ status: number; body: Body }> {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
  const init = { method: 'POST', headers, ...(body && { body: JSON.stringify(body) }) }
  const answer = await fetch(stack.endpoints.uploadApi + path, init)
  return { status: answer.status, body: (await answer.json()) as Body }
}

/** With credentials of its own, it writes to the key that the API announced, with the metadata of the form. */
test('aws CLI', async () => {
  if (!(await isInstalled('aws', '--version'))) return missing('aws CLI')
  const env = {
    ...process.env,
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_REGION: 'us-east-1',
  }
  const aws = async (...args: string[]) => {
    const common = [
      '--endpoint-url',
      stack.endpoints.aws,
      '--bucket',
      stack.endpoints.bucket,
      '--output',
      'json',
    ]
    const { stdout } = await run('aws', ['s3api', ...args, ...common], { env })
    return stdout ? JSON.parse(stdout) : {}
  }
  const announce = { bytes: image.length, contentType: 'image/jpeg', filename: 'photo.jpg' }
  const finish = async (form: string, { links }: Announced) => {
    const { status, body } = await ask<Sent['body']>(links.complete)
    await expectResult('stored', { client: 'aws CLI', form, status, body })
  }
  const metadataOf = (values: Record<string, string> = {}) => {
    const entries = Object.entries(values).filter(([name]) => name.startsWith('x-amz-meta-'))
    return JSON.stringify(Object.fromEntries(entries.map(([name, value]) => [name.slice(11), value])))
  }
  const { body: whole } = await ask<Announced>('/v1/uploads', announce)
  const about = ['--key', whole.key, '--content-type', 'image/jpeg', '--metadata', metadataOf(whole.fields)]
  await aws('put-object', ...about, '--body', photograph)
  await finish('put-object, complete', whole)
  const { body: parts } = await ask<Announced>('/v1/uploads', { ...announce, multipart: true })
  const multipart = [
    '--key',
    parts.key,
    '--content-type',
    'image/jpeg',
    '--metadata',
    metadataOf(parts.headers),
  ]
  const { UploadId } = await aws('create-multipart-upload', ...multipart)
  await aws(
    'upload-part',
    '--key',
    parts.key,
    '--upload-id',
    UploadId,
    '--part-number',
    '1',
    '--body',
    photograph,
  )
  await finish('upload-part, complete', parts)
})
