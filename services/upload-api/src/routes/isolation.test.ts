/**
 * Who may do what: every kind of credential with every operation, through the authorizer, over real local stores. An uploader's
 * image is the same 404 for other uploaders and apps as an image that does not exist, byte by byte.
 */
import {
  type ApiKey,
  credentialKey,
  dateOf,
  formatApiKey,
  formatUploadToken,
  type KeyRecord,
  newApiKey,
  newImageId,
  recordOf,
  type Scope,
} from '@darkroom/core'
import { awsEnvironment, startLocalAws } from '@darkroom/local-aws'
import { newSigningKey, signJwt, startOpenIdProvider } from '@darkroom/testing/openid-provider'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { APIGatewayRequestAuthorizerEventV2 } from 'aws-lambda'
import { documentedTable } from '../testing/documented-table.ts'
import { processedDocument } from '../testing/documents.ts'
import { openStore } from '../testing/open-store.ts'
import { jpeg, otherJpeg, png } from '../testing/sample-images.ts'
import { type Answer, send, type TestRequest } from '../testing/send.ts'

const aws = await startLocalAws()
const [signing, elliptic] = await Promise.all([newSigningKey('one'), newSigningKey('two', 'ES256')])
const provider = await startOpenIdProvider([signing, elliptic])
const { issuer } = provider
const scopes: Scope[] = ['upload', 'read', 'erase']
const store = await openStore(awsEnvironment(aws.endpoint), {
  'web-app-1': { openid: [{ issuer, audience: 'one', scopes }] },
  'web-app-2': { openid: [{ issuer, audience: 'two', scopes }], topics: ['images.web-app-2'] },
})
// An issuer on loopback has no TLS.
process.env.STAGE = 'local'
const load = async (route: string) => (await import(`./${route}.ts`)).handler
const authorize = await load('authorize')
const createToken = await load('create-token')
const uploadImage = await load('upload-image')
const createUpload = await load('create-upload')
const signUpload = await load('sign-upload')
const completeUpload = await load('complete-upload')
const getImage = await load('get-image')
const listImages = await load('list-images')
const eraseImage = await load('erase-image')
const clients = await import('../clients.ts')
afterAll(async () => {
  await store.close()
  await aws.stop()
  await provider.stop()
})

/** Sends a request as the gateway does: first to the authorizer, then to the function with what that said. */
async function ask(handler: unknown, credential: string | undefined, request: TestRequest): Promise<Answer> {
  const headers = { ...request.headers, ...(credential && { authorization: `Bearer ${credential}` }) }
  const event = { version: '2.0', type: 'REQUEST', headers } as unknown as APIGatewayRequestAuthorizerEventV2
  const { context } = await authorize(event)
  const { app, refusal } = context
  return send(handler, { ...request, headers, app, refusal, caller: context })
}

const json = (path: string, body: object): TestRequest => ({
  method: 'POST',
  path,
  headers: { 'content-type': 'application/json' },
  json: body,
})

async function makeKey(app: string, more: Partial<KeyRecord> = {}): Promise<ApiKey> {
  const key = newApiKey(app, 'test')
  await store.put(credentialKey(key), JSON.stringify({ ...recordOf(key, app), ...more }))
  return key
}

async function makeToken(apiKey: string, body: object): Promise<string> {
  const { status, body: made } = await ask(createToken, apiKey, json('/v1/tokens', body))
  expect([status, Object.keys(made)]).toEqual([201, expect.arrayContaining(['token', 'expiresAt'])])
  return made.token
}

const apiKey = formatApiKey(await makeKey('web-app-1'))
const uploadAs = async (credential: string, body: Uint8Array = jpeg, headers = {}) =>
  ask(uploadImage, credential, {
    method: 'POST',
    headers: { 'content-type': 'image/jpeg', ...headers },
    body,
  })

/** The credentials of the table. */
const credentials: Record<string, string | undefined> = {}
let alice: string
beforeAll(async () => {
  const revoked = await makeKey('web-app-1')
  const ofRevoked = await makeToken(formatApiKey(revoked), { uploader: 'alice' })
  const ended = await makeKey('web-app-1', { revokedAt: new Date(Date.now() - 1000).toISOString() })
  alice = await makeToken(apiKey, { uploader: 'alice', scopes: ['upload', 'read', 'erase'] })
  const exp = Math.floor(Date.now() / 1000) - 1
  const jwt = (claims: object, header = {}, key = signing) =>
    signJwt(key, { iss: issuer, aud: 'one', sub: 'alice', exp: exp + 900, ...claims }, header)
  const [, body] = (await jwt({})).split('.')
  const none = Buffer.from('{"alg":"none"}').toString('base64url')
  const otherKey = formatApiKey(await makeKey('web-app-2'))
  const forged = `${alice.slice(0, alice.lastIndexOf('.'))}.${ofRevoked.split('.').at(-1)}`
  Object.assign(credentials, {
    "the app's key": apiKey,
    "another app's key": otherKey,
    none: undefined,
    garbage: 'x',
    'a mistyped key': `${apiKey.slice(0, -1)}x`,
    'a revoked key': formatApiKey(ended),
    "a revoked key's token": formatUploadToken(formatApiKey(ended), {
      scopes: ['upload', 'read'],
      uploader: 'alice',
      exp: exp + 900,
    }),
    'an expired token': formatUploadToken(apiKey, { scopes: ['upload', 'read'], uploader: 'alice', exp }),
    'a forged token': forged,
    "the uploader's token": alice,
    "another uploader's token": await makeToken(apiKey, {
      uploader: 'bob',
      scopes: ['upload', 'read', 'erase'],
    }),
    // The app is that of the key, whatever else the token has.
    "another app's token": await makeToken(otherKey, {
      uploader: 'alice',
      scopes: ['upload', 'read', 'erase'],
    }),
    'no uploader named': await makeToken(apiKey, { scopes: ['upload', 'read', 'erase'] }),
    'upload only': await makeToken(apiKey, { uploader: 'alice', scopes: ['upload'] }),
    'read only': await makeToken(apiKey, { uploader: 'alice', scopes: ['read'] }),
    'erase only': await makeToken(apiKey, { uploader: 'alice', scopes: ['erase'] }),
    'read:all': await makeToken(apiKey, { scopes: ['read', 'read:all'] }),
    'too small': await makeToken(apiKey, { uploader: 'alice', maxBytes: 10 }),
    'another type': await makeToken(apiKey, { uploader: 'alice', contentTypes: ['image/png'] }),
    "the uploader's JWT": await provider.accessToken('alice', 'one'),
    "another uploader's JWT": await provider.accessToken('bob', 'one'),
    "another app's JWT": await provider.accessToken('alice', 'two'),
    'JWT, wrong issuer': await jwt({ iss: 'https://evil.example' }),
    'JWT, wrong audience': await jwt({ aud: 'three' }),
    'JWT, two audiences': await jwt({ aud: ['one', 'two'] }),
    'JWT, algorithm': await jwt({}, {}, elliptic),
    'JWT, unknown kid': await jwt({}, { kid: 'three' }),
    'JWT, none': `${none}.${body}.`,
    'JWT, expired': await jwt({ exp: exp - 90 }),
    'JWT, not yet valid': await jwt({ nbf: exp + 300 }),
  })
})

/** What Alice has before each row: an image, and an upload that is not completed. */
async function prepare() {
  const { body: image } = await uploadAs(alice)
  const planned = json('/v1/uploads', { bytes: jpeg.length, contentType: 'image/jpeg' })
  const { body: upload } = await ask(createUpload, alice, planned)
  const form = new FormData()
  for (const [name, value] of Object.entries(upload.fields)) form.set(name, String(value))
  form.set('file', new Blob([new Uint8Array(jpeg)]))
  expect((await fetch(upload.url, { method: 'POST', body: form })).status).toBe(204)
  return { imageId: image.id, upload }
}
type Prepared = Awaited<ReturnType<typeof prepare>>

const outcomeOf = ({ status }: Answer) => String(status)
const OPERATIONS: Record<string, (credential: string | undefined, prepared: Prepared) => Promise<string>> = {
  token: async (credential) => outcomeOf(await ask(createToken, credential, json('/v1/tokens', {}))),
  upload: async (credential) =>
    outcomeOf(
      await ask(uploadImage, credential, {
        method: 'POST',
        headers: { 'content-type': 'image/jpeg' },
        body: otherJpeg,
      }),
    ),
  start: async (credential) =>
    outcomeOf(
      await ask(createUpload, credential, json('/v1/uploads', { bytes: 1000, contentType: 'image/jpeg' })),
    ),
  sign: async (credential, { upload }) =>
    outcomeOf(
      await ask(
        signUpload,
        credential,
        json('/v1/uploads/sign', { method: 'PUT', key: upload.key, uploadId: 'x', partNumber: 1 }),
      ),
    ),
  complete: async (credential, { upload: { id } }) =>
    outcomeOf(
      await ask(completeUpload, credential, { method: 'POST', path: `/v1/uploads/${id}/complete`, id }),
    ),
  get: async (credential, { imageId: id }) => outcomeOf(await ask(getImage, credential, { id })),
  ids: async (credential, { imageId }) =>
    found(await ask(listImages, credential, { query: { ids: imageId } }), imageId),
  list: async (credential, { imageId }) => found(await ask(listImages, credential, {}), imageId),
  date: async (credential, { imageId }) => {
    const date = dateOf(imageId)
    for (let cursor: string | undefined; ; ) {
      const answer = await ask(listImages, credential, { query: { date, ...(cursor && { cursor }) } })
      const outcome = found(answer, imageId)
      cursor = answer.body.cursor
      if (outcome !== 'absent' || cursor === undefined) return outcome
    }
  },
  erase: async (credential, { imageId: id }) =>
    outcomeOf(await ask(eraseImage, credential, { method: 'DELETE', id })),
}

/** Whether a list contains the image. */
function found(answer: Answer, id: string): string {
  if (answer.status !== 200) return outcomeOf(answer)
  return answer.body.items.some((item: { id: string }) => item.id === id) ? 'shown' : 'absent'
}

const EXPECTED = `
the app's key             201 202 201 200 202 200 shown  shown  shown  200
another app's key         201 202 201 404 404 404 absent absent absent 404
none                      401 401 401 401 401 401 401    401    401    401
garbage                   401 401 401 401 401 401 401    401    401    401
a mistyped key            401 401 401 401 401 401 401    401    401    401
a revoked key             401 401 401 401 401 401 401    401    401    401
a revoked key's token     401 401 401 401 401 401 401    401    401    401
an expired token          401 401 401 401 401 401 401    401    401    401
a forged token            401 401 401 401 401 401 401    401    401    401
the uploader's token      403 202 201 200 202 200 shown  shown  shown  200
another uploader's token  403 202 201 404 404 404 absent absent absent 404
another app's token       403 202 201 404 404 404 absent absent absent 404
no uploader named         403 202 201 404 404 404 absent absent absent 404
upload only               403 202 201 200 202 403 403    403    403    403
read only                 403 403 403 403 403 200 shown  shown  shown  403
erase only                403 403 403 403 403 403 403    403    403    200
read:all                  403 403 403 403 403 200 shown  shown  shown  403
too small                 403 413 413 413 413 200 shown  shown  shown  403
another type              403 415 415 200 415 200 shown  shown  shown  403
the uploader's JWT        403 202 201 200 202 200 shown  shown  shown  200
another uploader's JWT    403 202 201 404 404 404 absent absent absent 404
another app's JWT         403 202 201 404 404 404 absent absent absent 404
JWT, wrong issuer         401 401 401 401 401 401 401    401    401    401
JWT, wrong audience       401 401 401 401 401 401 401    401    401    401
JWT, two audiences        401 401 401 401 401 401 401    401    401    401
JWT, algorithm            401 401 401 401 401 401 401    401    401    401
JWT, unknown kid          401 401 401 401 401 401 401    401    401    401
JWT, none                 401 401 401 401 401 401 401    401    401    401
JWT, expired              401 401 401 401 401 401 401    401    401    401
JWT, not yet valid        401 401 401 401 401 401 401    401    401    401
`

test('each credential may do exactly what the table says', async () => {
  const rows = ['']
  for (const [name, credential] of Object.entries(credentials)) {
    const cells: string[] = []
    const prepared = await prepare()
    for (const [operation, run] of Object.entries(OPERATIONS)) {
      const width = ['ids', 'list', 'date'].includes(operation) ? 6 : 3
      cells.push((await run(credential, prepared)).padEnd(width))
    }
    rows.push(`${name.padEnd(25)} ${cells.join(' ')}`)
  }
  expect(rows.join('\n').trim()).toBe(EXPECTED.trim())
})

test('the table is in docs/security.md', async () => {
  const rows = EXPECTED.trim().split('\n')
  expect(await documentedTable('Credentials and operations')).toEqual(
    rows.map((row) => [row.slice(0, 26).trim(), ...row.slice(26).trim().split(/ +/)]),
  )
})

/** Without what differs for each request. */
function comparable({ status, headers, body }: Answer, id: string): string {
  const { requestId: _, ...problem } = body
  return JSON.stringify([status, headers, problem]).replaceAll(id, 'ID')
}

/** The requests to S3 of the functions, without the ids in them. */
const requests: string[] = []
clients.bucket.s3.middlewareStack.add(
  (next, { commandName }) =>
    (args) => {
      const { Key, Prefix, StartAfter } = args.input as Record<string, string | undefined>
      const where = [Key, Prefix, StartAfter].map((key) => key?.replace(ID, 'ID'))
      requests.push(JSON.stringify([commandName, ...where]))
      return next(args)
    },
  { name: 'record', step: 'initialize' },
)
/** An id, or the end of one, which is of its event. */
const ID = /([0-9a-f]{8}-[0-9a-f]{4}-7)?[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g

test('a 404 costs the same requests to S3, whether or not the image exists', async () => {
  const { imageId, upload } = await prepare()
  const finished = newImageId()
  const document = { ...processedDocument({ app: 'web-app-1', imageId: finished }), uploader: 'alice' }
  await store.putDocument(document)
  const ids = { unknown: newImageId(), queued: imageId, finished, uploaded: upload.id }
  for (const credential of [
    "another uploader's token",
    "another uploader's JWT",
    "another app's key",
    "another app's token",
  ]) {
    for (const [handler, request] of [
      [getImage, (id: string) => ({ id })],
      [getImage, (id: string) => ({ id, headers: { prefer: 'wait=1' } })],
      [listImages, (id: string) => ({ query: { ids: id } })],
      [eraseImage, (id: string) => ({ id, method: 'DELETE' as const })],
      [completeUpload, (id: string) => ({ id, method: 'POST' as const, path: `/v1/uploads/${id}/complete` })],
    ] as const) {
      const made: Record<string, string[]> = {}
      for (const [name, id] of Object.entries(ids)) {
        requests.length = 0
        await ask(handler, credentials[credential], request(id))
        made[name] = requests.toSorted()
      }
      const { unknown = [] } = made
      expect(unknown.length).toBeGreaterThan(0)
      expect(made).toEqual({ unknown, queued: unknown, finished: unknown, uploaded: unknown })
    }
  }
})

test('a 404 does not tell whether the image exists', async () => {
  const { imageId, upload } = await prepare()
  const finished = newImageId()
  await store.putDocument({
    ...processedDocument({ app: 'web-app-1', imageId: finished }),
    uploader: 'alice',
  })
  const unknown = newImageId()
  const bob = credentials["another uploader's token"]
  const others = ["another app's key", "another app's token", "another uploader's JWT", "another app's JWT"]
  for (const credential of [bob, ...others.map((name) => credentials[name])]) {
    for (const [handler, request] of [
      [getImage, (id: string) => ({ id })],
      [getImage, (id: string) => ({ id, headers: { prefer: 'wait=1' } })],
      [getImage, (id: string) => ({ id, method: 'HEAD' as const })],
      [eraseImage, (id: string) => ({ id, method: 'DELETE' as const })],
      [completeUpload, (id: string) => ({ id, method: 'POST' as const, path: `/v1/uploads/${id}/complete` })],
    ] as const) {
      const expected = comparable(await ask(handler, credential, request(unknown)), unknown)
      expect(expected).toContain('not-found')
      for (const id of [imageId, finished, upload.id])
        expect(comparable(await ask(handler, credential, request(id)), id)).toBe(expected)
    }
  }
  const signature = (key: string) =>
    ask(signUpload, bob, json('/v1/uploads/sign', { method: 'GET', key, uploadId: 'x' }))
  const theirs = upload.key.replace(upload.id, unknown)
  expect(comparable(await signature(upload.key), upload.id)).toBe(
    comparable(await signature(theirs), unknown),
  )
  // Nothing of hers was touched.
  expect((await ask(getImage, alice, { id: imageId })).body.status).toBe('queued')
  expect(await OPERATIONS.complete?.(alice, { imageId, upload })).toBe('202')
})

test('the uploader is shown to itself and to the app only', async () => {
  const { imageId: id } = await prepare()
  const shown = async (name: string) => (await ask(getImage, credentials[name], { id })).body.uploader
  expect(await shown("the app's key")).toBe('alice')
  expect(await shown("the uploader's token")).toBe('alice')
  expect(await shown('read:all')).toBeUndefined()
  const { body } = await ask(listImages, credentials['read:all'], { query: { ids: id } })
  expect(body.items).toEqual([expect.not.objectContaining({ uploader: expect.anything() })])
})

test("an uploader that is named with the app's key is like that of a token", async () => {
  const form = new FormData()
  form.set('file', new Blob([new Uint8Array(png)]), 'a.png')
  form.set('uploader', 'alice')
  const encoded = new Response(form)
  const uploads: TestRequest[] = [
    { query: { uploader: 'alice' }, headers: { 'content-type': 'image/png' }, body: png },
    {
      headers: { 'content-type': encoded.headers.get('content-type') ?? '' },
      body: Buffer.from(await encoded.arrayBuffer()),
    },
    json('/v1/images', { data: png.toString('base64'), uploader: 'alice' }),
  ]
  const seenBy = async (name: string, id: string) => (await ask(getImage, credentials[name], { id })).status
  for (const upload of uploads) {
    const { status, body } = await ask(uploadImage, apiKey, { method: 'POST', ...upload })
    expect(status).toBe(202)
    expect((await ask(getImage, apiKey, { id: body.id })).body.uploader).toBe('alice')
    expect(await seenBy("the uploader's token", body.id)).toBe(200)
    expect(await seenBy("another uploader's token", body.id)).toBe(404)
    expect((await ask(uploadImage, alice, { method: 'POST', ...upload })).status).toBe(202)
    for (const name of ["another uploader's token", "another uploader's JWT"]) {
      const refused = await ask(uploadImage, credentials[name], { method: 'POST', ...upload })
      expect([refused.status, refused.body.detail]).toEqual([403, expect.stringMatching(/^Only an API key/)])
    }
  }
  const plan = json('/v1/uploads', { bytes: png.length, contentType: 'image/png', uploader: 'alice' })
  expect((await ask(createUpload, credentials["another uploader's token"], plan)).status).toBe(403)
  const { body: upload } = await ask(createUpload, apiKey, plan)
  const fields = new FormData()
  for (const [name, value] of Object.entries(upload.fields)) fields.set(name, String(value))
  fields.set('file', new Blob([new Uint8Array(png)]))
  await fetch(upload.url, { method: 'POST', body: fields })
  const complete = { method: 'POST' as const, path: `/v1/uploads/${upload.id}/complete`, id: upload.id }
  expect((await ask(completeUpload, credentials["another uploader's token"], complete)).status).toBe(404)
  expect((await ask(completeUpload, apiKey, complete)).status).toBe(202)
  expect(await seenBy("the uploader's token", upload.id)).toBe(200)
  expect(await seenBy("another uploader's token", upload.id)).toBe(404)
})

test.each(['', 'é'.repeat(65)])('the uploader %j in a request is refused', async (uploader) => {
  const request = { query: { uploader }, headers: { 'content-type': 'image/png' }, body: png }
  const { status, body } = await ask(uploadImage, apiKey, { method: 'POST', ...request })
  expect([status, body.detail]).toEqual([400, expect.stringContaining('uploader')])
})

test('an uploader cannot take the id or the upload of another', async () => {
  const imageId = newImageId()
  const key = { 'idempotency-key': imageId }
  expect((await uploadAs(alice, jpeg, key)).status).toBe(202)
  const bob = credentials["another uploader's token"] ?? ''
  expect((await uploadAs(bob, jpeg, key)).body.type).toContain('idempotency-key-reused')
  expect((await uploadAs(alice, jpeg, key)).headers).toHaveProperty('idempotency-replayed')
  const planned = (id: string) => ({
    ...json('/v1/uploads', { bytes: jpeg.length, contentType: 'image/jpeg', multipart: true }),
    headers: { 'content-type': 'application/json', 'idempotency-key': id },
  })
  const large = newImageId()
  const { body: hers } = await ask(createUpload, alice, planned(large))
  const begun = await fetch(hers.url, { method: 'POST', headers: hers.headers })
  expect(begun.status).toBe(200)
  expect((await ask(createUpload, alice, planned(large))).body).toHaveProperty('begun')
  const { body: his } = await ask(createUpload, bob, planned(large))
  expect(his).not.toHaveProperty('begun')
  expect(his.key).not.toBe(hers.key)
})

test('the types that a token allows are checked when the upload is completed, whoever completes it', async () => {
  const onlyPng = credentials['another type'] ?? ''
  for (const [bytes, expected] of [
    [jpeg, 415],
    [png, 202],
  ] as const) {
    const plan = json('/v1/uploads', { bytes: bytes.length, contentType: 'application/octet-stream' })
    const { body: upload } = await ask(createUpload, onlyPng, plan)
    const form = new FormData()
    for (const [name, value] of Object.entries(upload.fields)) form.set(name, String(value))
    form.set('file', new Blob([new Uint8Array(bytes)]))
    await fetch(upload.url, { method: 'POST', body: form })
    const { id } = upload
    const request = { id, method: 'POST' as const, path: `/v1/uploads/${id}/complete` }
    expect((await ask(completeUpload, apiKey, request)).status).toBe(expected)
  }
})

test('a token completes only what it allows itself, and another one can complete the rest', async () => {
  const { upload } = await prepare()
  const completeWith = (name: string) =>
    ask(completeUpload, credentials[name], {
      id: upload.id,
      method: 'POST',
      path: `/v1/uploads/${upload.id}/complete`,
    })
  const onlyPng = 'and the upload token allows only image/png.'
  const refused = async () => {
    expect(await completeWith('another type')).toMatchObject({
      status: 415,
      body: { detail: expect.stringContaining(onlyPng) },
    })
    expect(await completeWith('too small')).toMatchObject({
      status: 413,
      body: { detail: `The image has ${jpeg.length} bytes; the upload token allows 10.` },
    })
  }
  await refused()
  expect((await completeWith("the uploader's token")).status).toBe(202)
  // The same of an image that is accepted, and of one that is finished.
  await refused()
  const ofAlice = { uploader: 'alice', bytes: jpeg.length, content_type: 'image/jpeg' as const }
  await store.putDocument({ ...processedDocument({ app: 'web-app-1', imageId: upload.id }), ...ofAlice })
  await refused()
  expect((await completeWith("the uploader's token")).status).toBe(202)
})

test('tokens that allow no common type complete nothing together', async () => {
  const onlyJpeg = await makeToken(apiKey, { uploader: 'alice', contentTypes: ['image/jpeg'] })
  const plan = json('/v1/uploads', { bytes: jpeg.length, contentType: 'image/jpeg' })
  const { body: upload } = await ask(createUpload, onlyJpeg, plan)
  const form = new FormData()
  for (const [name, value] of Object.entries(upload.fields)) form.set(name, String(value))
  form.set('file', new Blob([new Uint8Array(jpeg)]))
  await fetch(upload.url, { method: 'POST', body: form })
  const request = { id: upload.id, method: 'POST' as const, path: `/v1/uploads/${upload.id}/complete` }
  expect(await ask(completeUpload, credentials['another type'], request)).toMatchObject({
    status: 415,
    body: { detail: expect.stringContaining('no common type') },
  })
  expect((await ask(completeUpload, onlyJpeg, request)).status).toBe(202)
})

test('a token gets what was asked for, and refuses with its limit', async () => {
  const asked = json('/v1/tokens', { uploader: 'Zoë', expiresIn: 60 })
  const { body } = await ask(createToken, apiKey, asked)
  expect(body).toEqual({ token: expect.any(String), expiresAt: expect.any(String), uploader: 'Zoë' })
  expect((Date.parse(body.expiresAt) - Date.now()) / 1000).toBeCloseTo(60, -1)
  await store.purge()
  const { body: uploaded } = await uploadAs(body.token)
  expect((await ask(getImage, apiKey, { id: uploaded.id })).body.uploader).toBe('Zoë')
  expect((await store.takeMessages()).at(-1)?.data.uploader).toBe('Zoë')
  expect((await uploadAs(credentials['too small'] ?? '')).body).toMatchObject({
    type: 'urn:problem-type:darkroom:payload-too-large',
    detail: expect.stringContaining('the upload token allows 10.'),
  })
  const { headers, body: refused } = await ask(eraseImage, credentials['read only'], {
    method: 'DELETE',
    id: uploaded.id,
  })
  expect(headers['www-authenticate']).toContain('error="insufficient_scope", scope="erase"')
  expect(refused.detail).toContain('"erase"')
})

test('a token without an uploader gets one of its own', async () => {
  const [one, two] = await Promise.all([1, 2].map(() => ask(createToken, apiKey, json('/v1/tokens', {}))))
  expect(one?.body.uploader).toMatch(/^anonymous-/)
  expect(one?.body.uploader).not.toBe(two?.body.uploader)
  const { body } = await uploadAs(one?.body.token)
  expect((await ask(getImage, one?.body.token, { id: body.id })).status).toBe(200)
  expect((await ask(getImage, two?.body.token, { id: body.id })).status).toBe(404)
})

test('a token does not outlive its key', async () => {
  const expiresAt = new Date(Date.now() + 120_000).toISOString()
  const short = formatApiKey(await makeKey('web-app-1', { expiresAt }))
  const { body } = await ask(createToken, short, json('/v1/tokens', { expiresIn: 3600 }))
  expect(Date.parse(body.expiresAt)).toBeLessThanOrEqual(Date.parse(expiresAt))
})

test.each([
  ['uploader', { uploader: '' }],
  ['uploader', { uploader: 'é'.repeat(65) }],
  ['uploader', { uploader: '\ud800' }],
  ['scopes', { scopes: [] }],
  ['scopes', { scopes: ['tokens'] }],
  ['expiresIn', { expiresIn: 59 }],
  ['expiresIn', { expiresIn: 86_401 }],
  ['maxBytes', { maxBytes: 0 }],
  ['contentTypes', { contentTypes: ['text/html'] }],
  ['more', { more: 1 }],
])('a token with a wrong %s is refused, naming it: %j', async (field, body) => {
  const answer = await ask(createToken, apiKey, json('/v1/tokens', body))
  expect([answer.status, answer.body.detail]).toEqual([400, expect.stringContaining(field)])
})
