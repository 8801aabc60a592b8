import type { ImageId } from '@darkroom/core'
import { startWebApp2 } from '@darkroom/web-app-2'
import { expect, test } from '@jest/globals'
import { findErrorBy } from '@platformatic/kafka'
import { GROUP, PARTITIONS, TOPIC } from '../brokers-under-test.ts'
import { APP } from '../bucket.ts'
import { connectionTo } from '../connection-to.ts'
import type { Darkroom } from '../darkroom-on-kafka.ts'
import { expectProcessed } from '../expect-processed.ts'
import { binaryRecord } from '../image-records.ts'
import { largeImage, tinyImage } from '../images.ts'
import { postPicture } from '../post-picture.ts'
import { sendRecords } from '../send-records.ts'
import { committedOffsets, createTopic } from '../topics.ts'
import { until } from '../until.ts'

/** Records that are not accepted, and how that is reported. */
export function refusedRecords(darkroom: () => Darkroom): void {
  const brokers = () => darkroom().broker.brokers

  test('a tombstone is kept under rejected/ with the reason, and the next records proceed', async () => {
    const { bucket, bridged } = darkroom()
    const next = { ...binaryRecord(await tinyImage()), partition: 1 }
    const records = [{ partition: 1, key: 'gone', value: null }, next]
    const [stored] = await sendRecords({ brokers: brokers(), topic: TOPIC, records })
    await expectProcessed(darkroom(), next.imageId)
    const offset = Number(stored?.offset)
    expect(bridged).toContainEqual(
      expect.objectContaining({ message: 'record rejected', partition: 1, offset, reason: 'empty-body' }),
    )
    const keys = [...(await bucket.list(`rejected/${TOPIC}/`)).keys()]
    const key = keys.find((found) => found.endsWith(`/1-${offset}`)) ?? ''
    expect(await bucket.reasonOf(key)).toBe('empty-body')
  })

  test('a record over the broker’s limit is refused, and Web App #2 reports it', async () => {
    const small = await darkroom().broker.smallTopic(100_000)
    const image = await largeImage()
    const sent = sendRecords({ ...small, records: [binaryRecord(image)] })
    const error = await sent.then(
      () => undefined,
      (reason: Error) => reason,
    )
    expect(findErrorBy(error as Error, 'apiId', 'MESSAGE_TOO_LARGE')).toBeTruthy()
    await withWebApp2(small, async (url) => {
      const answer = await postPicture(url, image)
      expect(answer.status).toBe(413)
      expect(await answer.json()).toMatchObject({
        type: expect.stringMatching(/payload-too-large$/),
        detail: 'The picture is larger than this application can take. Send a smaller one.',
        retryable: false,
      })
      expect((await postPicture(url, await tinyImage())).status).toBe(202)
    })
  })

  test('a topic that does not exist is an error for its producer', async () => {
    const nowhere = { brokers: brokers(), topic: `unknown-${Date.now()}` }
    const sent = sendRecords({ ...nowhere, records: [binaryRecord(await tinyImage())] })
    await expect(sent).rejects.toThrow(`Unknown topic ${nowhere.topic}`)
    await withWebApp2(nowhere, async (url) => {
      const answer = await postPicture(url, await tinyImage())
      expect(answer.status).toBe(503)
      expect(await answer.json()).toMatchObject({ type: expect.stringMatching(/storage-unavailable$/) })
    })
  })

  test('a topic without an app is not read', async () => {
    const topic = `images.nobody-${Date.now()}`
    await createTopic(brokers(), { topic, partitions: PARTITIONS })
    const image = await tinyImage()
    const [unread, read] = [binaryRecord(image), binaryRecord(image)]
    await sendRecords({ brokers: brokers(), topic, records: [unread] })
    await sendRecords({ brokers: brokers(), topic: TOPIC, records: [read] })
    await expectProcessed(darkroom(), read.imageId)
    expect(await has(darkroom(), unread.imageId)).toBe(false)
    expect(await committedOffsets(brokers(), GROUP, topic, PARTITIONS)).toEqual([-1n, -1n])
    await until(async () =>
      (await committedOffsets(brokers(), GROUP, TOPIC, PARTITIONS)).some((offset) => offset > 0n),
    )
  })
}

async function has({ bucket }: Darkroom, imageId: ImageId): Promise<boolean> {
  const keys = [...(await bucket.list(`input/${APP}/`)).keys()]
  return keys.some((key) => key.endsWith(imageId))
}

/** Starts another Web App #2 for another topic. */
async function withWebApp2(
  { brokers, topic }: { brokers: string; topic: string },
  use: (url: string) => Promise<void>,
): Promise<void> {
  const app = await startWebApp2({
    port: 0,
    kafka: { ...connectionTo(brokers), topic },
    uploadApi: { url: 'http://127.0.0.1:9', apiKey: 'unused' },
  })
  try {
    await use(app.url)
  } finally {
    await app.stop()
  }
}
