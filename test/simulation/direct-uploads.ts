import { type DirectUpload, uploadKey } from '@darkroom/core'
import { record, type Subject, untilAnswered } from './actors.ts'
import type { Input } from './memory-s3.ts'
import { LIMITS_MS } from './settings.ts'
import { completeUpload, createUpload, request } from './system.ts'
import type { World } from './world.ts'

/** What a page does: asks where to send the picture, sends it to S3, and completes the upload unless it is closed before. */
export async function sendToS3(world: World, subject: Subject, n: number): Promise<void> {
  const upload = await plan(world, subject, n)
  if (!upload) return
  const isSent = await (upload.fields ? sendForm : sendPart)(world, subject, upload, n)
  if (!isSent || isClosed(world, 'before completing', n)) return
  await complete(world, subject, n)
}

const isClosed = ({ chance }: World, when: string, n: number) =>
  chance.happens(`browser ${n} is closed ${when}`, 0.25)

async function plan(world: World, subject: Subject, n: number): Promise<DirectUpload | undefined> {
  const { picture, bytes, chosenId = '' } = subject
  const multipart = picture.source === 'multipart upload'
  const answer = await record(world, subject, 'plan', () =>
    untilAnswered(world, `createUpload ${n}`, () =>
      request(createUpload, {
        method: 'POST',
        path: '/v1/uploads',
        app: picture.app,
        headers: { 'content-type': 'application/json', 'idempotency-key': chosenId },
        json: { bytes: bytes.length, contentType: 'image/png', multipart },
      }),
    ),
  )
  return answer?.status === 201 ? answer.body : undefined
}

/** What the signed form or request says about the object. */
function describe({ fields, headers = {} }: DirectUpload): Input {
  const named = fields ?? headers
  const metadata = Object.entries(named).flatMap(([name, value]) =>
    name.startsWith('x-amz-meta-') ? [[name.slice('x-amz-meta-'.length), value]] : [],
  )
  const ContentType = named['Content-Type'] ?? named['content-type']
  return { ContentType, Metadata: Object.fromEntries(metadata) }
}

async function sendForm(world: World, subject: Subject, upload: DirectUpload, n: number): Promise<boolean> {
  const input = { Key: upload.key, Body: subject.bytes, ...describe(upload) }
  return askS3(world, subject, 'store', `browser ${n}`, 'PutObject', input, 204)
}

/** All pictures are smaller than a part. */
async function sendPart(world: World, subject: Subject, upload: DirectUpload, n: number): Promise<boolean> {
  const { key: Key, begun } = upload
  const begin = { Key, ...describe(upload) }
  if (!begun && !(await askS3(world, subject, 'begin', `browser ${n}`, 'CreateMultipartUpload', begin, 200)))
    return false
  const [UploadId] = uploadsOf(world, subject)
  if (!UploadId || isClosed(world, 'after beginning', n)) return false
  const part = { Key, UploadId, PartNumber: 1, Body: subject.bytes }
  return askS3(world, subject, 'part', `browser ${n} part`, 'UploadPart', part, 200)
}

/** Like a page whose user cancels. */
export async function abort(world: World, subject: Subject, n: number): Promise<void> {
  const { app } = subject.picture
  const key = uploadKey({ app, imageId: subject.chosenId ?? '', bytes: subject.bytes.length })
  for (const UploadId of uploadsOf(world, subject))
    await askS3(world, subject, 'abort', `abort ${n}`, 'AbortMultipartUpload', { Key: key, UploadId }, 204)
}

export async function complete(world: World, subject: Subject, n: number): Promise<void> {
  const { picture, chosenId: id = '', accepted } = subject
  const answer = await record(
    world,
    subject,
    'complete',
    () =>
      untilAnswered(world, `completeUpload ${n}`, () =>
        request(completeUpload, { method: 'POST', path: `/v1/uploads/${id}/complete`, app: picture.app, id }),
      ),
    ({ status }) => ({ isAccepted: status === 202 }),
  )
  if (answer?.status === 202) accepted.add(answer.body.id)
}

const uploadsOf = ({ s3 }: World, { chosenId = '' }: Subject) =>
  [...s3.uploads].flatMap(([uploadId, { key }]) => (key.includes(chosenId) ? [uploadId] : []))

/** One request of the browser to S3. @returns whether the browser knows that it succeeded */
async function askS3(
  world: World,
  subject: Subject,
  what: 'store' | 'begin' | 'part' | 'abort',
  name: string,
  command: string,
  input: Input,
  success: number,
): Promise<boolean> {
  const answer = await record(world, subject, what, async () => {
    const ended = await world.processes.invoke(name, LIMITS_MS.http, () =>
      world.processes.step('s3', `${command} uploads`, () => world.s3.run(command, input)),
    )
    return 'returned' in ended ? { status: success } : undefined
  })
  return answer !== undefined
}
