import { ImageStatus, inputKey, metadataKey, newImageId, Problem, timeOf } from '@darkroom/core'
import { awsEnvironment, startLocalAws } from '@darkroom/local-aws'
import { afterAll, describe, expect, jest, test } from '@jest/globals'
import { failedDocument, processedDocument, refusedDocument } from '../testing/documents.ts'
import { openStore } from '../testing/open-store.ts'
import { send, type TestRequest } from '../testing/send.ts'
import { untilRead } from '../testing/until-read.ts'

const aws = await startLocalAws()
const store = await openStore(awsEnvironment(aws.endpoint))
const { handler } = await import('./get-image.ts')
const { bucket } = await import('../clients.ts')
afterAll(async () => {
  await store.close()
  await aws.stop()
})

const app = 'web-app-1'
const DAY = 86_400_000

const get = (id: string, request: TestRequest = {}) => send(handler, { app, id, ...request })
const prefer = (value: string) => ({ headers: { prefer: value } })

async function queued(): Promise<string> {
  const imageId = newImageId()
  await store.putInput({ app, imageId, filename: 'IMG_0001.JPG' })
  return imageId
}

async function processed(): Promise<string> {
  const imageId = newImageId()
  await store.putDocument(processedDocument({ app, imageId }))
  return imageId
}

describe('the answer for an image', () => {
  test('that is queued', async () => {
    const id = await queued()
    const { status, headers, body } = await get(id)
    expect([status, headers]).toMatchObject([200, { 'content-type': 'application/json', 'retry-after': 1 }])
    expect(ImageStatus.parse(body)).toEqual(body)
    expect(body).toEqual({
      id,
      app,
      status: 'queued',
      acceptedAt: timeOf(id).toISOString(),
      filename: 'IMG_0001.JPG',
      attributes: {},
      original: { contentType: 'image/jpeg', bytes: 5, sha256: 'ab'.repeat(32) },
      keptUntil: { original: expect.any(String), variants: expect.any(String), status: expect.any(String) },
    })
  })

  test('that is processed', async () => {
    const id = await processed()
    const { status, headers, body } = await get(id)
    expect(status).toBe(200)
    expect(headers).not.toHaveProperty('retry-after')
    expect(headers['cache-control']).toBe('private, no-cache')
    expect(ImageStatus.parse(body)).toEqual(body)
    expect(body).toMatchObject({
      id,
      app,
      status: 'processed',
      filename: 'IMG_0001.JPG',
      attributes: { album: 'summer' },
      original: {
        contentType: 'image/jpeg',
        bytes: 733_428,
        sha256: 'cd'.repeat(32),
        width: 800,
        height: 600,
      },
      placeholder: { thumbhash: '1QcSHQRnh493V4dIh4eXh1h4kJUI', dominantColor: '#c08040' },
      perceptualHash: '0123456789abcdef',
      warnings: [
        {
          type: 'trailing-data',
          detail: 'There are extra bytes after the end of the image; they were ignored.',
        },
      ],
      timings: { queuedMs: 300, processingMs: 600 },
    })
    expect(body.exif).toEqual({
      takenAt: '2026-11-22T17:03:04',
      cameraMake: 'Canon',
      cameraModel: 'EOS 450D',
      lens: 'EF50mm f/1.8 II',
      focalLengthMm: 50,
      exposureSeconds: 0.004,
      aperture: 2.8,
      iso: 100,
      flashFired: false,
      software: 'Firmware 1.1.0',
      orientation: 6,
      hadLocation: true,
    })
    expect(Date.parse(body.finishedAt) - Date.parse(body.acceptedAt)).toBe(900)
  })

  test('that is processed: its variants can be fetched, and its srcset has one URL per width', async () => {
    const imageId = newImageId()
    const document = processedDocument({ app, imageId })
    for (const { key, name } of document.variants) await store.put(key, `<${name}>`)
    await store.putDocument(document)
    const { body } = await get(imageId)
    const names = body.variants.map(({ name }: { name: string }) => name)
    expect(names).toEqual(['large', 'medium', 'thumb'])
    for (const { name, url } of body.variants) {
      const fetched = await fetch(url)
      expect([fetched.status, await fetched.text()]).toEqual([200, `<${name}>`])
      const { searchParams } = new URL(url)
      expect(Number(searchParams.get('X-Amz-Expires'))).toBeGreaterThanOrEqual(3600)
    }
    const [, medium, thumb] = body.variants
    expect(body.srcset).toBe(`${thumb.url} 320w, ${medium.url} 800w`)
  })

  test('that is processed: a format that pays has a source of its own', async () => {
    const imageId = newImageId()
    const document = processedDocument({ app, imageId })
    const [large] = document.variants
    if (!large) throw new Error('the document has no variant')
    const avif = { ...large, name: 'large-avif', content_type: 'image/avif', bytes: large.bytes - 1 }
    await store.putDocument({ ...document, variants: [...document.variants, avif] })
    const { body } = await get(imageId)
    expect(ImageStatus.parse(body)).toEqual(body)
    expect(body.sources).toEqual([{ type: 'image/avif', srcset: `${body.variants[3].url} 800w` }])
  })

  test('that failed', async () => {
    const imageId = newImageId()
    await store.putInput({ app, imageId })
    await store.putDocument(failedDocument({ app, imageId }))
    const { status, body } = await get(imageId)
    expect(status).toBe(200)
    expect(ImageStatus.parse(body)).toEqual(body)
    expect(body).toMatchObject({
      status: 'failed',
      failure: {
        type: 'corrupt-image',
        title: 'The image is damaged',
        detail: 'The image data ends too early.',
        retryable: false,
      },
    })
    expect(body).not.toHaveProperty('variants')
  })

  test('that failed before it was stored', async () => {
    const imageId = newImageId()
    const document = refusedDocument({ app, imageId })
    await store.putDocument(document)
    const { status, body } = await get(imageId)
    expect(status).toBe(200)
    expect(ImageStatus.parse(body)).toEqual(body)
    expect(body).toEqual({
      id: imageId,
      app,
      status: 'failed',
      acceptedAt: document.accepted_at,
      finishedAt: document.finished_at,
      attributes: {},
      original: {},
      keptUntil: expect.anything(),
      failure: {
        type: 'source-expired',
        title: 'The original was deleted before it was processed',
        detail: 'data.ref leads to no object, or to an archived one.',
        retryable: false,
      },
    })
  })

  test('that failed before it was stored, with the values from its Kafka record', async () => {
    const imageId = newImageId()
    await store.putDocument({ ...refusedDocument({ app, imageId }), bytes: 7, sha256: 'ef'.repeat(32) })
    const { body } = await get(imageId)
    expect(body.original).toEqual({ bytes: 7, sha256: 'ef'.repeat(32) })
  })
})

describe('a document that lies', () => {
  test('refused: only keys of its own variants are signed', async () => {
    const imageId = newImageId()
    const document = processedDocument({ app, imageId })
    const [first] = document.variants
    if (!first) throw new Error('unreachable')
    const foreign = [
      inputKey({ app, imageId }),
      inputKey({ app: 'web-app-2', imageId }),
      first.key.replace(app, 'web-app-2'),
      first.key.replace(imageId, newImageId()),
    ]
    const variants = [...document.variants, ...foreign.map((key) => ({ ...first, key }))]
    await store.putDocument({ ...document, variants })
    const { status, body } = await get(imageId)
    const signed = body.variants.map(({ url }: { url: string }) => new URL(url).pathname)
    expect([status, signed]).toEqual([
      200,
      document.variants.map(({ key }) => expect.stringMatching(new RegExp(`/${key}$`))),
    ])
  })

  test.each(['app', 'image_id'] as const)('refused: the %s is not that of its key', async (field) => {
    const imageId = newImageId()
    const document = processedDocument({ app, imageId })
    const lie = { ...document, [field]: field === 'app' ? 'web-app-2' : newImageId() }
    await store.put(metadataKey({ app, imageId }), JSON.stringify(lie))
    const { status, body } = await get(imageId)
    expect([status, body.type]).toEqual([500, 'urn:problem-type:darkroom:document-unreadable'])
  })
})

describe('the ETag', () => {
  test('of an unchanged image leads to 304', async () => {
    const id = await processed()
    const { headers } = await get(id)
    const etag = String(headers.etag)
    expect(etag).toMatch(/^"[\w-]{22}"$/)
    for (const header of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const answer = await get(id, { headers: { 'if-none-match': header } })
      expect([header, answer.status, answer.body]).toEqual([header, 304, undefined])
      expect(answer.headers.etag).toBe(etag)
    }
    expect((await get(id, { headers: { 'if-none-match': '"other"' } })).status).toBe(200)
  })

  test('changes when the image is finished', async () => {
    const imageId = await queued()
    const { headers } = await get(imageId)
    await store.putDocument(processedDocument({ app, imageId }))
    const answer = await get(imageId, { headers: { 'if-none-match': String(headers.etag) } })
    expect(answer).toMatchObject({ status: 200, body: { status: 'processed' } })
  })
})

describe('Prefer: wait', () => {
  test('holds the answer until the image is finished', async () => {
    const imageId = await queued()
    const read = untilRead(metadataKey({ app, imageId }))
    const answer = get(imageId, prefer('wait=20'))
    expect(await Promise.race([answer, read.then(() => 'held')])).toBe('held')
    await store.putDocument(processedDocument({ app, imageId }))
    const put = Date.now()
    const { headers, body } = await answer
    expect(Date.now() - put).toBeLessThan(2_000)
    expect([headers['preference-applied'], body.status]).toEqual(['wait=20', 'processed'])
  })

  test('answers after this many seconds if the image is not finished', async () => {
    const id = await queued()
    const start = Date.now()
    const { headers, body } = await get(id, prefer('wait=1'))
    expect(Date.now() - start).toBeGreaterThanOrEqual(990)
    expect(Date.now() - start).toBeLessThan(4_000)
    expect([headers['preference-applied'], body.status]).toEqual(['wait=1', 'queued'])
  })

  test.each([
    ['wait=0', 'wait=0'],
    ['wait=100', 'wait=25'],
    ['respond-async, wait=10', 'wait=10'],
    ['Wait="7"; foo', 'wait=7'],
    ['wait = 3', 'wait=3'],
  ])('%s is applied as %s', async (value, applied) => {
    expect((await get(await processed(), prefer(value))).headers['preference-applied']).toBe(applied)
  })

  test('wait=0 answers immediately', async () => {
    const id = await queued()
    const start = Date.now()
    expect((await get(id, prefer('wait=0'))).body.status).toBe('queued')
    expect(Date.now() - start).toBeLessThan(900)
  })

  test.each(['wait', 'wait=', 'wait=soon', 'wait=-1', 'wait=1.5', 'await=9', 'handling=lenient', '=,;"'])(
    'an invalid value is ignored: %s',
    async (value) => {
      const id = await queued()
      const start = Date.now()
      const { status, headers, body } = await get(id, prefer(value))
      expect([status, body.status]).toEqual([200, 'queued'])
      expect(headers).not.toHaveProperty('preference-applied')
      expect(Date.now() - start).toBeLessThan(900)
    },
  )

  /** The keys that a request reads, in this order. */
  async function readFor(id: string, request: TestRequest): Promise<string[]> {
    const sent = jest.spyOn(bucket.s3, 'send')
    await get(id, request)
    const keys = sent.mock.calls.map(([{ input }]) => String((input as { Key?: string }).Key).split('/')[0])
    sent.mockRestore()
    return keys.map(String)
  }

  test('of a young image reads its document only when it may be finished', async () => {
    const [first, ...others] = await readFor(await queued(), prefer('wait=1'))
    expect(first).toBe('input')
    expect(new Set(others)).toEqual(new Set(['metadata']))
    expect(await readFor(await queued(), prefer('wait=0'))).toEqual(['metadata', 'input'])
  })

  test('of a young image that is finished and whose original is deleted answers at once', async () => {
    expect(await readFor(await processed(), prefer('wait=20'))).toEqual(['input', 'metadata'])
  })

  test('of an older image reads its document first', async () => {
    const imageId = newImageId(new Date(Date.now() - 60_000))
    await store.putInput({ app, imageId })
    await store.putDocument(processedDocument({ app, imageId }))
    expect(await readFor(imageId, prefer('wait=20'))).toEqual(['metadata'])
  })

  test('of an image that was accepted some time after its id was made reads its document at once', async () => {
    const imageId = newImageId(new Date(Date.now() - 2_000))
    await store.putInput({ app, imageId })
    await store.putDocument(processedDocument({ app, imageId }))
    expect(await readFor(imageId, prefer('wait=20'))).toEqual(['input', 'metadata'])
  })

  test('does not hold the answer for an image that does not exist', async () => {
    const start = Date.now()
    expect((await get(newImageId(), prefer('wait=20'))).status).toBe(404)
    expect(Date.now() - start).toBeLessThan(2_000)
  })
})

describe('the answer reveals nothing', () => {
  test("about another app's image: it is the same as for one that does not exist", async () => {
    const [theirs, nobodys] = [await processed(), newImageId()]
    const queuedToo = await queued()
    const answers = await Promise.all([theirs, queuedToo, nobodys].map((id) => get(id, { app: 'web-app-2' })))
    const blank = { requestId: '', instance: '' }
    const [first, ...others] = answers.map(({ body, ...rest }) => ({ ...rest, body: { ...body, ...blank } }))
    expect(first).toMatchObject({ status: 404, body: { type: 'urn:problem-type:darkroom:not-found' } })
    expect(others).toEqual([first, first])
    for (const { body } of answers) expect(Problem.strict().parse(body)).toEqual(body)
    expect(JSON.stringify(answers[0])).not.toContain(app)
  })

  test.each([
    'x',
    '..',
    `${newImageId()}x`,
    newImageId().toUpperCase(),
    '%2e%2e%2f',
    newImageId().replace('-7', '-4'),
  ])('for an invalid id: %s', async (id) => {
    const { status, body } = await get(id)
    expect([status, body.type]).toEqual([404, 'urn:problem-type:darkroom:not-found'])
  })

  test('an id in upper case is the same image', async () => {
    const id = await processed()
    expect((await get(id.toUpperCase())).body).toMatchObject({ id, status: 'processed' })
  })

  test('without a credential', async () => {
    const { status, headers, body } = await send(handler, { id: await processed() })
    expect([status, body.type]).toEqual([401, 'urn:problem-type:darkroom:unauthenticated'])
    expect(headers['www-authenticate']).toBe('Bearer realm="darkroom"')
  })
})

describe('after its retention, even if S3 still has it,', () => {
  const app = 'brief' // 7 days for originals, 30 for variants, 90 for the rest: testing/open-store.ts
  const aged = (days: number) => ({ app, imageId: newImageId(new Date(Date.now() - days * DAY)) })
  const gone = [410, 'urn:problem-type:darkroom:expired-by-retention']

  test('an image is gone, and the answer names the date', async () => {
    const image = aged(91)
    await store.putDocument(processedDocument(image))
    const { status, body } = await get(image.imageId, { app })
    expect([status, body.type]).toEqual(gone)
    expect(body.detail).toContain(new Date(Date.now() - DAY).toISOString().slice(0, 10))
  })

  test('an original that was never processed is gone', async () => {
    const [early, late] = [aged(6), aged(8)]
    for (const image of [early, late]) await store.putInput(image)
    expect((await get(early.imageId, { app })).body.status).toBe('queued')
    const { status, body } = await get(late.imageId, { app })
    expect([status, body.type]).toEqual(gone)
  })

  test('the answer has no links to variants, but everything else', async () => {
    const [early, late] = [aged(29), aged(31)]
    for (const image of [early, late]) await store.putDocument(processedDocument(image))
    expect((await get(early.imageId, { app })).body.variants).toHaveLength(3)
    const { body } = await get(late.imageId, { app })
    expect(ImageStatus.parse(body)).toEqual(body)
    expect(body).toMatchObject({ status: 'processed', original: { width: 800 } })
    expect(body).not.toHaveProperty('variants')
    expect(body).not.toHaveProperty('srcset')
    expect(Date.parse(body.keptUntil.variants)).toBeLessThan(Date.now())
  })

  test('a link to a variant has expired by then', async () => {
    const image = { app, imageId: newImageId(new Date(Date.now() - 30 * DAY + 60_000)) }
    await store.putDocument(processedDocument(image))
    const { body } = await get(image.imageId, { app })
    const query = new URL(body.variants[0].url).searchParams
    const signed = String(query.get('X-Amz-Date')).replace(
      /^(....)(..)(..)T(..)(..)(..)Z$/,
      '$1-$2-$3T$4:$5:$6Z',
    )
    const ends = Date.parse(signed) + Number(query.get('X-Amz-Expires')) * 1000
    expect(Math.abs(ends - Date.parse(body.keptUntil.variants))).toBeLessThanOrEqual(1_000)
  })

  test('an image that never existed is not found, or gone if nothing is kept for that long', async () => {
    expect((await get(aged(89).imageId, { app })).status).toBe(404)
    const { status, body } = await get(aged(91).imageId, { app })
    expect([status, body.type]).toEqual(gone)
  })

  test('counted from acceptance, not from the time in the id', async () => {
    const acceptedAt = (days: number) => new Date(Date.now() - days * DAY).toISOString()
    const [queued, finished, developed] = [aged(7.5), aged(90.5), aged(30.5)]
    await store.putInput({ ...queued, acceptedAt: acceptedAt(6.9) })
    await store.putDocument({ ...processedDocument(finished), accepted_at: acceptedAt(89.9) })
    await store.putDocument({ ...processedDocument(developed), accepted_at: acceptedAt(29.9) })
    expect((await get(queued.imageId, { app })).body.status).toBe('queued')
    expect((await get(finished.imageId, { app })).body.status).toBe('processed')
    const { body } = await get(developed.imageId, { app })
    expect(body.variants).toHaveLength(3)
    expect(Date.parse(body.keptUntil.variants) - Date.parse(body.acceptedAt)).toBe(30 * DAY)
  })
})
