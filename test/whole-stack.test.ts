import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { SNSClient, SubscribeCommand } from '@aws-sdk/client-sns'
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import { openCatalogue } from '@darkroom/catalogue'
import { claimKey, ImageProcessed, type ImageStatus, MetadataDocument, metadataKey } from '@darkroom/core'
import { freePorts, type Stack, startStack } from '@darkroom/local-stack'
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import sharp from 'sharp'
import { type Call, callDarkroom } from '../tools/cli/src/testing/call-darkroom.ts'
import { testLivePage } from './dashboard/live-page.ts'
import { AUTHORIZATION, type Body, develop, statusOf, upload } from './develop-image.ts'
import { testEraseUploader } from './erase-uploader.ts'
import { largeFile, SMALL_PHOTOGRAPH } from './photographs.ts'

/** With a tenth of a core, a start takes two minutes, and an image that an engine has to start for one and a half. */
jest.setTimeout(600_000)

/** The environment of a folder, which is also the local stack's. */
const inFolder = (folder: string) => ({ LOCAL_DIR: folder, INIT_CWD: folder, DARKROOM_URL: '' })

/** Calls `pnpm darkroom …` from a folder. */
const darkroomFrom = (folder: string, ...args: string[]): Promise<Call> =>
  callDarkroom(args, inFolder(folder))

/** Starts `pnpm darkroom …` from a folder as a process. */
function startDarkroom(folder: string, ...args: string[]) {
  const script = new URL('../tools/cli/src/darkroom.ts', import.meta.url).pathname
  const env = { ...process.env, ...inFolder(folder), NO_COLOR: '1' }
  const child = spawn(process.execPath, [script, ...args], { env })
  let printed = ''
  const changes = new EventEmitter()
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      printed += text
      changes.emit('change')
    })
  }
  return {
    ended: once(child, 'close').then(([code]) => ({ code, printed })),
    async prints(text: string) {
      while (!printed.includes(text)) await once(changes, 'change')
    },
    stop: () => child.kill('SIGINT'),
  }
}

describe('the whole stack', () => {
  let dataDir: string
  let stack: Stack

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'darkroom-'))
    stack = await startStack({ ports: await freePorts(), dataDir })
  })
  afterAll(async () => {
    await stack.stop()
    await rm(dataDir, { recursive: true })
  })

  // First: it counts all images.
  testLivePage(() => stack)

  test('erases an image permanently, over HTTP', async () => {
    const image = await develop(stack, SMALL_PHOTOGRAPH, { 'content-type': 'image/jpeg' })
    const url = `${stack.endpoints.uploadApi}/v1/images/${image.id}`
    const answer = await fetch(url, { method: 'DELETE', headers: { authorization: AUTHORIZATION } })
    expect(answer.status).toBe(200)
    const receipt = await answer.json()
    expect(receipt).toMatchObject({ id: image.id, status: 'erased', erasure: { objects: 4 } })
    expect(await statusOf(stack, image.id)).toEqual(receipt)
    for (const { url } of image.variants ?? []) expect((await fetch(url)).status).toBe(404)
  })

  test('the command line uploads, follows, saves and erases an image', async () => {
    const folder = join(dataDir, 'command-line')
    await mkdir(folder)
    await writeFile(join(folder, 'endpoints.json'), JSON.stringify(stack.endpoints))
    await writeFile(join(folder, 'alps.jpg'), SMALL_PHOTOGRAPH)
    await writeFile(join(folder, 'notes.txt'), 'no image')
    const followed = startDarkroom(folder, 'tail', '--interval', '1')
    await followed.prints('Ctrl-C ends this.')
    const files = ['alps.jpg', 'notes.txt', 'missing.jpg', '.']
    const uploaded = await darkroomFrom(folder, 'upload', ...files, '--attribute', 'album=2026')
    expect(uploaded).toMatchObject({ code: 1, printed: expect.stringContaining('1 of 4 processed.') })
    expect(uploaded.printed).toContain("notes.txt    unsupported-media-type: This file isn't an image.")
    expect(uploaded.printed).toContain('missing.jpg  There is no such file.')
    const [, id = ''] = /✔ alps\.jpg .* ([0-9a-f-]{36})/.exec(uploaded.printed) ?? []
    const status = await darkroomFrom(folder, 'status', id)
    expect(status).toMatchObject({ code: 0, printed: expect.stringMatching(/album = 2026[\s\S]*medium/) })
    expect(await darkroomFrom(folder, 'get', id, '--out', 'got')).toMatchObject({ code: 0 })
    const saved = await readFile(join(folder, `got/${id}-thumb.webp`))
    expect(await sharp(saved).metadata()).toMatchObject({ format: 'webp', width: 320 })
    await followed.prints('alps.jpg  processed')
    const asked = await darkroomFrom(folder, 'erase', id)
    expect([asked.code, asked.printed]).toEqual([0, expect.stringContaining('Nothing was deleted.')])
    expect(await darkroomFrom(folder, 'erase', id, '--yes')).toMatchObject({
      code: 0,
      printed: expect.stringContaining('is erased: 4 objects were deleted.'),
    })
    await followed.prints(`erased  ${id}`)
    expect(await darkroomFrom(folder, 'get', id)).toMatchObject({
      code: 1,
      printed: expect.stringContaining('The image was erased.'),
    })
    followed.stop()
    await followed.ended
    const from = new Date(Date.now() - 3_600_000).toISOString()
    let log = ''
    // Lines of the trail are stored within a second or so.
    while (!log.includes('image.erased'))
      log = (await darkroomFrom(folder, 'audit-log', '--from', from, '--image', id)).printed
    expect(log).toMatch(/image\.uploaded +done +web-app-1 +key 913e5ec500000001 from 127\.0\.0\.1/)
    expect(log).toMatch(/links\.read +done/)
  })

  test('the doctor finds no problem, and the smoke test takes one image through the API and erases it, and fails if the key is wrong', async () => {
    const folder = join(dataDir, 'smoke')
    await mkdir(folder)
    await writeFile(join(folder, 'endpoints.json'), JSON.stringify(stack.endpoints))
    const examined = await darkroomFrom(folder, 'doctor')
    expect(examined).toMatchObject({
      code: 0,
      printed: expect.stringContaining(`${stack.endpoints.uploadApi} is ready`),
    })
    const passed = await darkroomFrom(folder, 'smoke', '--timeout', '600')
    expect(passed).toMatchObject({
      code: 0,
      printed: expect.stringMatching(
        /API answers +\d+ ms\naccepted +\d+ ms\nprocessed +\d+ ms\nvariants downloaded +\d+ ms\nerased +\d+ ms\n/,
      ),
    })
    const [, id = ''] = /passed with image (\S+)\./.exec(passed.printed) ?? []
    expect(await statusOf(stack, id)).toMatchObject({ status: 'erased' })
    const apps = { 'web-app-1': { apiKey: 'wrong' } }
    await writeFile(join(folder, 'endpoints.json'), JSON.stringify({ ...stack.endpoints, apps }))
    expect(await darkroomFrom(folder, 'smoke', '--wait', '1')).toMatchObject({
      code: 1,
      printed: expect.stringContaining('The smoke test failed at the step "API answers".'),
    })
  })

  const form = new FormData()
  form.set('file', new File([SMALL_PHOTOGRAPH], 'IMG_0001.JPG', { type: 'image/jpeg' }))
  form.set('attributes', '{"album":"summer"}')
  const json = JSON.stringify({ data: SMALL_PHOTOGRAPH.toString('base64'), filename: 'IMG_0001.JPG' })

  test.each<[string, Body, Record<string, string>]>([
    ['raw bytes of image/jpeg', SMALL_PHOTOGRAPH, { 'content-type': 'image/jpeg' }],
    [
      'raw bytes of application/octet-stream',
      SMALL_PHOTOGRAPH,
      { 'content-type': 'application/octet-stream' },
    ],
    ['raw bytes without a Content-Type', SMALL_PHOTOGRAPH, {}],
    ['multipart/form-data', form, {}],
    ['JSON with base64', json, { 'content-type': 'application/json' }],
  ])('develops a photograph sent as %s', async (_, body, headers) => {
    const image = await develop(stack, body, headers)
    expect(image).toMatchObject({
      status: 'processed',
      original: {
        contentType: 'image/jpeg',
        bytes: SMALL_PHOTOGRAPH.length,
        sha256: createHash('sha256').update(SMALL_PHOTOGRAPH).digest('hex'),
        width: 480,
        height: 480,
      },
      exif: { cameraMake: expect.any(String), hadLocation: expect.any(Boolean) },
      placeholder: { dominantColor: expect.stringMatching(/^#[0-9a-f]{6}$/) },
    })
    expect(image.variants?.map(({ name, width }) => [name, width])).toEqual([
      ['thumb', 320],
      ['medium', 480],
      ['large', 480],
    ])
    for (const { url, bytes, contentType } of image.variants ?? []) {
      const variant = await fetch(url)
      expect(variant.headers.get('content-type')).toBe(contentType)
      expect((await variant.arrayBuffer()).byteLength).toBe(bytes)
    }
  })

  test('keeps any character as it was sent, in the status and in the catalogue', async () => {
    const filename = '👩\u200d👧 写真 🌊.jpg'
    const attributes = { note: '🌊 "\\\n\u0000\u0001\u001f\u007f\u0085\u2028\ufffe\uffff\u{10ffff}' }
    const body = JSON.stringify({ data: SMALL_PHOTOGRAPH.toString('base64'), filename, attributes })
    const image = await develop(stack, body, { 'content-type': 'application/json' })
    expect(image).toMatchObject({ status: 'processed', filename, attributes })
    const { endpoints } = stack
    const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }
    const s3 = new S3Client({ endpoint: endpoints.aws, region: 'us-east-1', credentials })
    const catalogue = await openCatalogue(s3, endpoints.bucket)
    let rows: unknown[][] = []
    // Its event is collected about a second later.
    for (; rows.length === 0; await catalogue.refresh()) {
      const sql = `SELECT filename, attributes FROM images_now WHERE image_id = '${image.id}'`
      rows = (await catalogue.query(sql)).rows
    }
    catalogue.close()
    const [row = []] = rows
    expect([row[0], JSON.parse(String(row[1]))]).toEqual([filename, attributes])
  })

  test('publishes the outcome to the queues that subscribe to it', async () => {
    const client = {
      endpoint: stack.endpoints.aws,
      region: 'us-east-1',
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    }
    const [sns, sqs] = [new SNSClient(client), new SQSClient(client)]
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'subscriber' }))
    await sns.send(
      new SubscribeCommand({
        TopicArn: 'arn:aws:sns:us-east-1:000000000000:darkroom-local-events',
        Protocol: 'sqs',
        Endpoint: 'arn:aws:sqs:us-east-1:000000000000:subscriber',
        Attributes: {
          RawMessageDelivery: 'true',
          FilterPolicy: JSON.stringify({ app: ['web-app-1'], type: ['image.processed.v1'] }),
        },
      }),
    )
    const image = await develop(stack, SMALL_PHOTOGRAPH, { 'content-type': 'image/jpeg' })
    let event: ImageProcessed | undefined
    // The events of earlier tests can come first.
    while (event?.subject !== image.id) {
      const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 }))
      event = Messages[0] && ImageProcessed.parse(JSON.parse(String(Messages[0].Body)))
    }
    expect(event.data).toEqual(await readDocument(stack, image))
    sns.destroy()
    sqs.destroy()
  })

  test('develops a photograph that Web App #2 sends through Kafka', async () => {
    const image = await developThroughKafka(stack, SMALL_PHOTOGRAPH)
    expect(image).toMatchObject({ app: 'web-app-2', status: 'processed', filename: 'IMG_0001.JPG' })
    const document = await readDocument(stack, image)
    expect(document).toMatchObject({
      origin: 'kafka',
      kafka_topic: 'images.web-app-2',
      kafka_offset: expect.any(Number),
    })

    const asked = `${stack.endpoints.uploadApi}/v1/images/${image.id}`
    const byAnotherApp = await fetch(asked, { headers: { authorization: AUTHORIZATION } })
    expect(byAnotherApp.status).toBe(404)
  })

  test('develops a picture that is too large for Kafka, and its claim check has the key of its id', async () => {
    const picture = largeFile(7_000_000)
    const image = await developThroughKafka(stack, picture)
    expect(image).toMatchObject({
      status: 'processed',
      filename: 'IMG_0001.JPG',
      original: { bytes: picture.length, contentType: 'image/jpeg', width: 480, height: 480 },
    })
    const claim = await getObject(stack, claimKey({ app: 'web-app-2', imageId: image.id }))
    expect(picture.equals((await claim?.transformToByteArray()) ?? Buffer.of())).toBe(true)
  })

  test('refuses 5 MB and more with the same problem', async () => {
    const refused = await upload(stack, Buffer.alloc(5 * 1024 * 1024, SMALL_PHOTOGRAPH), {
      'content-type': 'image/jpeg',
    })
    expect(refused.status).toBe(413)
    expect(refused.headers.get('content-type')).toContain('application/problem+json')
    expect(await refused.json()).toMatchObject({ type: expect.stringMatching(/payload-too-large$/) })
  })

  test('answers a browser of another origin', async () => {
    const preflight = await fetch(`${stack.endpoints.uploadApi}/v1/images`, {
      method: 'OPTIONS',
      headers: {
        origin: 'http://shop.example',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type,idempotency-key',
      },
    })
    expect(preflight.ok).toBe(true)
    expect(preflight.headers.get('access-control-allow-origin')).toMatch(/^(\*|http:\/\/shop\.example)$/)
    expect(preflight.headers.get('access-control-allow-headers')?.toLowerCase()).toContain('idempotency-key')
    const refused = await upload(stack, 'x', { origin: 'http://shop.example', authorization: 'Bearer wrong' })
    expect(refused.status).toBe(401)
    expect(refused.headers.get('access-control-allow-origin')).toMatch(/^(\*|http:\/\/shop\.example)$/)
  })

  describe('erasing what an uploader has', () => testEraseUploader(() => stack))

  describe('after a restart without a native module and with the decoder for HEIC', () => {
    let before: ImageStatus
    beforeAll(async () => {
      before = await develop(stack, SMALL_PHOTOGRAPH, { 'content-type': 'image/jpeg' })
      await stack.stop()
      const environment = { IMAGE_ENGINE: 'jimp', HEIC_DECODER: 'libheif' }
      const services = ['upload-api', 'image-processor'] as const
      stack = await startStack({ ports: await freePorts(), dataDir, services, environment })
    })

    test('keeps its data', async () => {
      const after = await statusOf(stack, before.id)
      expect(after).toMatchObject({ status: 'processed', finishedAt: before.finishedAt })
      expect((await fetch(after.variants?.[0]?.url ?? '')).status).toBe(200)
      expect(await readDocument(stack, before)).toMatchObject({ engine: 'sharp' })
    })

    test('develops with jimp', async () => {
      const image = await develop(stack, SMALL_PHOTOGRAPH, { 'content-type': 'image/jpeg' })
      expect(image.status).toBe('processed')
      expect(await readDocument(stack, image)).toMatchObject({ engine: 'jimp' })
    })

    test('accepts HEIC', async () => {
      const sample = '../packages/image-file/src/testing/heic/rotated.heic'
      const heic = Buffer.from(await readFile(new URL(sample, import.meta.url)))
      const image = await develop(stack, heic, { 'content-type': 'image/heic' })
      expect(image.status).toBe('processed')
      const developed = { content_type: 'image/heic', width: 96, height: 64 }
      expect(await readDocument(stack, image)).toMatchObject(developed)
    })
  })
})

/** Sends an image like Web App #2's page, and waits until it is finished. */
async function developThroughKafka(
  { endpoints }: Stack,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<ImageStatus> {
  const form = new FormData()
  form.set('file', new File([bytes], 'IMG_0001.JPG', { type: 'image/jpeg' }))
  const backend = `${endpoints.webApp2}/api/images`
  const accepted = await fetch(backend, { method: 'POST', body: form })
  expect(accepted.status).toBe(202)
  const { id } = (await accepted.json()) as { id: string }
  for (;;) {
    const answer = await fetch(`${backend}/${id}`, { headers: { prefer: 'wait=10' } })
    const image = (await answer.json()) as ImageStatus
    expect(image.id).toBe(id)
    if (image.status !== 'queued') return image
  }
}

async function readDocument(stack: Stack, image: { id: string; app: string }): Promise<MetadataDocument> {
  const document = await getObject(stack, metadataKey({ app: image.app, imageId: image.id }))
  return MetadataDocument.parse(JSON.parse((await document?.transformToString()) ?? ''))
}

async function getObject({ endpoints }: Stack, key: string) {
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }
  const s3 = new S3Client({ endpoint: endpoints.aws, region: 'us-east-1', credentials })
  return (await s3.send(new GetObjectCommand({ Bucket: endpoints.bucket, Key: key }))).Body
}
