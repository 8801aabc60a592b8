/**
 * Planted values, the canaries, are in no log line and in no error: API keys, cookies, signatures of links and forms, bytes of
 * images, and the personal text that clients send. The handlers log at their most talkative level.
 */
import { SQSClient } from '@aws-sdk/client-sqs'
import { credentialKey, formatApiKey, newApiKey, recordOf } from '@darkroom/core'
import { awsEnvironment, startLocalAws } from '@darkroom/local-aws'
import { afterAll, describe, expect, test } from '@jest/globals'
import type { APIGatewayRequestAuthorizerEventV2 } from 'aws-lambda'
import { fourCorners, pngThatClaims } from '../../services/image-processor/src/testing/test-images.ts'
import { CLOUD_EVENT, kafkaEvent, kafkaRecord } from '../../services/kafka-bridge/test/kafka-records.ts'
import { openStore } from '../../services/upload-api/src/testing/open-store.ts'
import { send } from '../../services/upload-api/src/testing/send.ts'
import { receiveEvent } from './receive-event.ts'
import { recordOutput } from './record-output.ts'

const app = 'web-app-1'
const key = newApiKey(app, 'test')
const KEY = formatApiKey(key)
const WRONG_KEY = formatApiKey(newApiKey(app, 'test'))
const COOKIE = 'session=canary-cookie-4410b2'
const BYTES = 'canary-bytes-of-an-image-93b1'
const FILENAME = 'canary-name-of-a-patient.jpg'
const ATTRIBUTE = 'canary-attribute-of-a-person'
const ADDRESS = '203.0.113.77'

const aws = await startLocalAws()
const store = await openStore(awsEnvironment(aws.endpoint))
await store.put(credentialKey(key), JSON.stringify(recordOf(key, app)))
Object.assign(process.env, {
  PARKED_QUEUE_URL: process.env.QUEUE_URL,
  EVENTS_TOPIC_ARN: 'arn:aws:sns:us-east-1:000000000000:darkroom-test-events',
  UNDELIVERED_BUCKET: 'darkroom-test-undelivered',
  POWERTOOLS_LOG_LEVEL: 'DEBUG',
})
const logged = recordOutput()
const load = async (path: string) => (await import(`../../services/${path}.ts`)).handler
const authorize = await load('upload-api/src/routes/authorize')
const uploadImage = await load('upload-api/src/routes/upload-image')
const getImage = await load('upload-api/src/routes/get-image')
const createUpload = await load('upload-api/src/routes/create-upload')
const completeUpload = await load('upload-api/src/routes/complete-upload')
const eraseImage = await load('upload-api/src/routes/erase-image')
const processImages = await load('image-processor/src/handlers/process-images-with-sharp')
const bridgeRecords = await load('kafka-bridge/src/bridge-records')
const sqs = new SQSClient({})
afterAll(async () => {
  logged.stop()
  sqs.destroy()
  await store.close()
})

const headers = {
  authorization: `Bearer ${KEY}`,
  cookie: COOKIE,
  'x-forwarded-for': ADDRESS,
  'content-type': 'image/jpeg',
  'x-filename': FILENAME,
}
const photograph = await fourCorners(400, 300)
  .withExif({ IFD0: { Artist: BYTES } })
  .jpeg()
  .toBuffer()
/** A PNG that the API accepts and the decoder refuses. */
const damaged = Buffer.concat([await pngThatClaims(400, 300), Buffer.from(BYTES)])

const CANARIES = new Map(
  Object.entries({ KEY, WRONG_KEY, COOKIE, BYTES, FILENAME, ATTRIBUTE, ADDRESS }).map(([name, text]) => [
    name,
    [
      text,
      encodeURIComponent(text),
      // At each offset in a longer text.
      ...[0, 1, 2].map((before) =>
        Buffer.from('_'.repeat(before) + text)
          .toString('base64')
          .slice(before && 4, -4),
      ),
      Buffer.from(text).toString('hex'),
      [...Buffer.from(text)].join(','),
    ],
  ]),
)
/** A value that a client was given, and that lets whoever has it read or write. */
const plant = (name: string, ...secrets: string[]) => CANARIES.set(name, secrets)

const found = () =>
  [...CANARIES]
    .filter(([, forms]) => forms.some((form) => logged.text().includes(form)))
    .map(([name]) => name)

const processNext = async () =>
  processImages(await receiveEvent(sqs), { getRemainingTimeInMillis: () => 60_000 })

const authorization = (key: string) =>
  authorize({
    version: '2.0',
    type: 'REQUEST',
    headers: { ...headers, authorization: `Bearer ${key}` },
  } as unknown as APIGatewayRequestAuthorizerEventV2)

const upload = (body: Uint8Array, type = 'image/jpeg') =>
  send(uploadImage, { method: 'POST', app, headers: { ...headers, 'content-type': type }, body })
const record = (value: Uint8Array, more: Record<string, string> = {}) =>
  kafkaRecord({ value, headers: { ...CLOUD_EVENT, ce_filename: FILENAME, ...more } })

describe('no log line has a canary after', () => {
  test('credentials, good and bad', async () => {
    expect(await authorization(KEY)).toMatchObject({ context: { app } })
    expect(await authorization(WRONG_KEY)).toMatchObject({
      isAuthorized: true,
      context: { refusal: 'unknown' },
    })
    expect(await authorization(WRONG_KEY.slice(1))).toMatchObject({ context: { refusal: 'malformed' } })
    expect(found()).toEqual([])
  })

  test('an upload that is processed, its links and its erasure', async () => {
    const accepted = await upload(photograph)
    expect(accepted.status).toBe(202)
    await processNext()
    const { body } = await send(getImage, { app, headers, id: accepted.body.id })
    expect(body.status).toBe('processed')
    for (const { url } of body.variants) plant(url, String(new URL(url).searchParams.get('X-Amz-Signature')))
    const erased = await send(eraseImage, { method: 'DELETE', app, headers, id: accepted.body.id })
    expect(erased.status).toBe(200)
    expect(logged.text()).toContain('image processed')
    expect(found()).toEqual([])
  })

  test('direct uploads, in one request and in parts', async () => {
    const request = {
      contentType: 'image/jpeg',
      bytes: 20_000_000,
      filename: FILENAME,
      attributes: { note: ATTRIBUTE },
    }
    const json = { ...headers, 'content-type': 'application/json' }
    const form = await send(createUpload, { method: 'POST', app, headers: json, json: request })
    plant('policy', form.body.fields.Policy ?? form.body.fields.policy)
    plant('signature of the form', form.body.fields['X-Amz-Signature'])
    const parts = await send(createUpload, {
      method: 'POST',
      app,
      headers: json,
      json: { ...request, multipart: true },
    })
    plant(
      'signature of the upload in parts',
      String(new URL(parts.body.url).searchParams.get('X-Amz-Signature')),
    )
    expect(
      (await send(completeUpload, { method: 'POST', app, headers: json, id: parts.body.id })).status,
    ).toBe(404)
    expect(found()).toEqual([])
  })

  test('what is no image, and an image that the decoder refuses', async () => {
    expect((await upload(Buffer.from(BYTES))).status).toBe(415)
    expect((await upload(damaged, 'image/png')).status).toBe(202)
    await processNext()
    expect(logged.text()).toContain('image failed')
    expect(found()).toEqual([])
  })

  test('text that a terminal would act on', async () => {
    const hostile = 'x\u001b[2J\u009b1A\u0085\n\u2028\u202e'
    await send(getImage, { app, headers, id: hostile, path: `/v1/images/${hostile}` })
    expect(logged.text()).toContain('x\\u001b[2J')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
    expect(logged.text()).not.toMatch(/[\u001b\u007f-\u009f\u2028-\u202e]/)
  })

  test('a body that is not JSON, and one with unknown fields', async () => {
    const json = { ...headers, 'content-type': 'application/json' }
    for (const body of [`{"filename": "${FILENAME}"`, JSON.stringify({ note: ATTRIBUTE, contentType: 7 })])
      expect((await send(createUpload, { method: 'POST', app, headers: json, body })).status).toBe(400)
    expect(found()).toEqual([])
  })

  test('Kafka records that are accepted and refused', async () => {
    await bridgeRecords(
      kafkaEvent(
        record(photograph),
        { ...record(Buffer.from(BYTES), { ce_id: 'not-an-image' }), offset: 16 },
        {
          ...record(Buffer.from(`{"filename": "${FILENAME}"`), {
            'content-type': 'application/cloudevents+json',
          }),
          offset: 17,
        },
        {
          ...record(photograph, { ce_id: 'bad-attributes', ce_attributes: `{"note": "${ATTRIBUTE}"` }),
          offset: 18,
        },
      ),
    )
    expect(logged.text()).toContain('record accepted')
    expect(logged.text()).toContain('record rejected')
    expect(found()).toEqual([])
  })

  test('failures of S3 and SQS', async () => {
    await aws.stop()
    const answers = await Promise.all([
      upload(photograph),
      send(getImage, { app, headers, id: '01890a5d-ac96-774b-bcce-b302099a8057' }),
      bridgeRecords(kafkaEvent(record(photograph, { ce_id: 'another' }))),
    ])
    expect(answers.slice(0, 2)).toMatchObject([{ status: 503 }, { status: 503 }])
    expect(logged.text()).toContain('storage-unavailable')
    expect(logged.text()).toContain('record deferred')
    expect(found()).toEqual([])
  })
})

test('a canary in a log line is found, whatever its form', () => {
  process.stdout.write(JSON.stringify({ headers: { authorization: `Bearer ${KEY}` } }))
  process.stdout.write(Buffer.from(`++${BYTES}`).toString('base64'))
  process.stderr.write(new URL(`https://example.com/?name=${encodeURIComponent(COOKIE)}\n`).href)
  expect(found()).toEqual(['KEY', 'COOKIE', 'BYTES'])
})
