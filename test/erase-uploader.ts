import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DeleteObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { createClient } from '@darkroom/client'
import { DirectUpload, holdKey, metadataKey, newImageId } from '@darkroom/core'
import type { Stack } from '@darkroom/local-stack'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { callDarkroom } from '../tools/cli/src/testing/call-darkroom.ts'

const app = 'web-app-1'
const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mPk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)

/** Tests of `pnpm darkroom erase --app A --uploader U`. @param running called once the tests run */
export function testEraseUploader(running: () => Stack): void {
  let stack: Stack
  let folder: string
  let s3: S3Client
  beforeAll(async () => {
    stack = running()
    folder = await mkdtemp(join(tmpdir(), 'darkroom-erase-'))
    await writeFile(join(folder, 'endpoints.json'), JSON.stringify(stack.endpoints))
    const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }
    s3 = new S3Client({
      endpoint: stack.endpoints.aws,
      region: 'us-east-1',
      credentials,
      forcePathStyle: true,
    })
  })
  afterAll(async () => {
    s3.destroy()
    await rm(folder, { recursive: true })
  })

  const erase = (...args: string[]) =>
    callDarkroom(['erase', ...args], {
      LOCAL_DIR: folder,
      BUCKET: undefined,
      QUEUE_URL: undefined,
      DARKROOM_URL: undefined,
      DARKROOM_KEY: undefined,
    })
  const put = (Key: string, Body: string) =>
    s3.send(new PutObjectCommand({ Bucket: stack.endpoints.bucket, Key, Body }))

  /** What Alice has: an original, a finished image whose original is gone, uploads that are not completed, and one on hold. */
  async function prepare() {
    const url = stack.endpoints.uploadApi
    const key = stack.endpoints.apps[app]?.apiKey ?? ''
    const client = createClient({ url, credential: key })
    const upload = async (uploader: string) => (await client.upload(new Blob([png]), { uploader })).id
    const plan = async (multipart: boolean) => {
      const answer = await fetch(`${url}/v1/uploads`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify({ bytes: png.length, contentType: 'image/png', uploader: 'alice', multipart }),
      })
      return DirectUpload.parse(await answer.json())
    }
    const queued = await upload('alice')
    const held = await upload('alice')
    await put(holdKey({ app, imageId: held }), '{"placedAt":"2026-11-28T10:00:00.000Z","reason":"case 7"}')
    const failed = newImageId()
    const now = new Date().toISOString()
    const document = {
      ...{ schema_version: 1, image_id: failed, app, accepted_at: now, finished_at: now, origin: 'kafka' },
      ...{ attributes: {}, uploader: 'alice', status: 'failed' },
      ...{ failure_type: 'corrupt-image', failure_detail: 'The image data ends too early.' },
    }
    await put(metadataKey({ app, imageId: failed }), JSON.stringify(document))
    const staged = await plan(false)
    const form = new FormData()
    for (const [name, value] of Object.entries(staged.fields ?? {})) form.set(name, value)
    form.set('file', new Blob([png]))
    expect((await fetch(staged.url, { method: 'POST', body: form })).status).toBe(204)
    const begun = await plan(true)
    expect((await fetch(begun.url, { method: 'POST', headers: begun.headers ?? {} })).status).toBe(200)
    return { client, bobs: await upload('bob'), held, images: [queued, failed, staged.id, begun.id] }
  }

  test('finds the images of an uploader in every place where one can be, erases them, and can be repeated', async () => {
    const { client, bobs, held, images } = await prepare()
    const dry = await erase('--app', app, '--uploader', 'alice')
    expect(dry).toMatchObject({ code: 0, printed: expect.stringContaining('5 images of alice found.') })
    for (const id of [...images, held]) expect(dry.printed).toContain(id)
    expect(dry.printed).not.toContain(bobs)
    expect(dry.printed).toContain('Nothing was deleted. Add --yes')
    expect((await client.getImage(held)).status).not.toBe('erased')

    const first = await erase('--app', app, '--uploader', 'alice', '--yes')
    expect(first.code).toBe(1)
    for (const id of images) expect(first.printed).toMatch(new RegExp(`${id}  erased 20\\S+Z, \\d+ objects`))
    expect(first.printed).toMatch(new RegExp(`${held}  not erased: .*legal hold`))
    expect(first.printed).toContain(`1 images of alice are left: ${held}`)

    const Key = holdKey({ app, imageId: held })
    await s3.send(new DeleteObjectCommand({ Bucket: stack.endpoints.bucket, Key }))
    const second = await erase('--app', app, '--uploader', 'alice', '--yes')
    expect(second).toMatchObject({ code: 0, printed: expect.stringContaining('1 images of alice found.') })
    expect(second.printed).toContain('A second search found no image of alice.')
    for (const id of [...images, held]) expect((await client.getImage(id)).status).toBe('erased')
    expect((await client.getImage(bobs)).status).not.toBe('erased')
  })

  test('an image whose owner nobody can tell is named', async () => {
    const imageId = newImageId()
    await put(metadataKey({ app, imageId }), '{')
    expect(await erase('--app', app, '--uploader', 'carol')).toMatchObject({
      code: 1,
      printed: expect.stringContaining(`${imageId}  cannot be read`),
    })
  })

  // tools/cli/src/commands/erase.test.ts has what needs no stack.
  test.each([
    [[newImageId(), '--uploader', 'alice'], 'Name an image, or an uploader'],
    [['--app', 'other', '--uploader', 'alice'], 'no app other'],
    [['--app', app, '--uploader', 'alice', '--stage', 'prod'], 'Set DARKROOM_KEY to an API key of web-app-1'],
  ])('it says what is missing: %j', async (args, words) => {
    expect(await erase(...args)).toMatchObject({ code: 1, printed: expect.stringContaining(words) })
  })
}
