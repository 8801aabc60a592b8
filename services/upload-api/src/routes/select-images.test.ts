import { ImageSelection, newImageId } from '@darkroom/core'
import { awsEnvironment, startLocalAws } from '@darkroom/local-aws'
import { afterAll, describe, expect, test } from '@jest/globals'
import { failedDocument, processedDocument } from '../testing/documents.ts'
import { openStore } from '../testing/open-store.ts'
import { send } from '../testing/send.ts'

const aws = await startLocalAws()
const store = await openStore(awsEnvironment(aws.endpoint))
const { handler } = await import('./list-images.ts')
afterAll(async () => {
  await store.close()
  await aws.stop()
})

const app = 'web-app-1'
const select = (ids: string[], headers: Record<string, string> = {}) =>
  send(handler, { app, headers, query: { ids: ids.join() } })
const statusesIn = (body: ImageSelection) => body.items.map(({ id, status }) => [id, status])

async function queuedImage(at?: Date): Promise<string> {
  const imageId = newImageId(at)
  await store.putInput({ app, imageId })
  return imageId
}

describe('images selected by id', () => {
  test('come in the requested order, from any day, each once', async () => {
    const [queued, processed, failed, unknown] = [
      await queuedImage(),
      newImageId(new Date('2026-10-01T12:00:00Z')),
      newImageId(),
      newImageId(),
    ]
    await store.putDocument(processedDocument({ app, imageId: processed }))
    await store.putDocument(failedDocument({ app, imageId: failed }))
    const { status, body } = await select([queued, processed, unknown, failed, queued])
    expect(status).toBe(200)
    expect(ImageSelection.parse(body)).toEqual(body)
    expect(statusesIn(body)).toEqual([
      [queued, 'queued'],
      [processed, 'processed'],
      [failed, 'failed'],
    ])
    expect(body.notFound).toEqual([unknown])
  })

  test('may be written in upper case', async () => {
    const imageId = await queuedImage()
    const { body } = await select([imageId.toUpperCase(), imageId])
    expect(statusesIn(body)).toEqual([[imageId, 'queued']])
  })

  test("do not include another app's", async () => {
    const imageId = newImageId()
    await store.putInput({ app: 'web-app-2', imageId })
    expect((await select([imageId])).body).toEqual({ items: [], notFound: [imageId] })
  })

  // Documents of few images are read, those of many are listed.
  test.each([3, 13])('are waited for until the first of %i is finished', async (count) => {
    const days = ['2026-11-20T23:59:59Z', '2026-11-21T00:00:00Z'].map((time) => new Date(time))
    const today = Array.from({ length: count - days.length }, () => undefined)
    const ids = await Promise.all([...days, ...today].map(queuedImage))
    const finishing = ids[1] ?? ''
    const answer = select(ids, { prefer: 'wait=25' })
    setTimeout(() => void store.putDocument(processedDocument({ app, imageId: finishing })), 300)
    const { body, headers } = await answer
    expect(statusesIn(body)).toEqual(ids.map((id) => [id, id === finishing ? 'processed' : 'queued']))
    expect(headers['preference-applied']).toBe('wait=25')
  })

  test('are waited for although they are unknown, if they may still be in Kafka', async () => {
    const [old, recent] = [newImageId(new Date('2026-10-01T12:00:00Z')), newImageId()]
    expect((await select([old], { prefer: 'wait=25' })).body.notFound).toEqual([old])
    const answer = select([old, recent], { prefer: 'wait=25' })
    setTimeout(() => void store.putDocument(processedDocument({ app, imageId: recent })), 300)
    const { body } = await answer
    expect([statusesIn(body), body.notFound]).toEqual([[[recent, 'processed']], [old]])
  })

  test('are queued if they arrived while they were waited for, and not found otherwise', async () => {
    const [arriving, unknown] = [newImageId(), newImageId()]
    const answer = select([unknown, arriving], { prefer: 'wait=1' })
    setTimeout(() => void store.putInput({ app, imageId: arriving }), 300)
    const { body } = await answer
    expect([statusesIn(body), body.notFound]).toEqual([[[arriving, 'queued']], [unknown]])
  })

  test('are still queued after the wait', async () => {
    const id = await queuedImage()
    expect(statusesIn((await select([id], { prefer: 'wait=1' })).body)).toEqual([[id, 'queued']])
  })

  test('are found behind more than a page of other documents', async () => {
    const at = (time: string) => new Date(`2026-11-19T${time}Z`)
    const early = Array.from({ length: 12 }, () => queuedImage(at('08:00:00')))
    const ids = await Promise.all([...early, queuedImage(at('20:00:00'))])
    const last = ids.at(-1) ?? ''
    const between = Array.from({ length: 1001 }, () => newImageId(at('12:00:00')))
    await Promise.all(between.map((imageId) => store.putDocument(processedDocument({ app, imageId }))))
    const answer = select(ids, { prefer: 'wait=25' })
    setTimeout(() => void store.putDocument(failedDocument({ app, imageId: last })), 300)
    const expected = ids.map((id) => [id, id === last ? 'failed' : 'queued'])
    expect(statusesIn((await answer).body)).toEqual(expected)
  })
})

test.each([
  [{ ids: '' }, /ids/],
  [{ ids: 'no-id' }, /ids/],
  [{ ids: newImageId(), date: '2026-11-23' }, /date/],
  [{ ids: Array.from({ length: 101 }, () => newImageId()).join() }, /at most 100/],
])('an invalid selection is refused with the reason', async (query, words) => {
  const { status, body } = await send(handler, { app, query })
  expect([status, body.type]).toEqual([400, expect.stringMatching(/malformed-request/)])
  expect(body.detail).toMatch(words)
})
