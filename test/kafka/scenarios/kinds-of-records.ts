import { deriveImageId, timeOf } from '@darkroom/core'
import { expect, test } from '@jest/globals'
import { TOPIC } from '../brokers-under-test.ts'
import { APP } from '../bucket.ts'
import type { Darkroom } from '../darkroom-on-kafka.ts'
import { expectProcessed } from '../expect-processed.ts'
import { binaryRecord, sdkRecord, structuredRecord } from '../image-records.ts'
import { largeImage, tinyImage } from '../images.ts'
import { clients } from '../kafka-clients.ts'
import { sendRecords } from '../send-records.ts'
import { until } from '../until.ts'

/** Every form of a record with an image, from several producers. */
export function kindsOfRecords(darkroom: () => Darkroom): void {
  const brokers = () => darkroom().broker.brokers

  test.each([
    ['a binary CloudEvent', binaryRecord],
    ['a structured CloudEvent', structuredRecord],
    ['a binary CloudEvent from the CloudEvents SDK', (image: Buffer) => sdkRecord(image, 'binary')],
    ['a structured CloudEvent from the CloudEvents SDK', (image: Buffer) => sdkRecord(image, 'structured')],
  ])('%s becomes a processed image', async (_, toRecord) => {
    const image = await tinyImage()
    const record = toRecord(image)
    await sendRecords({ brokers: brokers(), topic: TOPIC, records: [record] })
    const { original } = await expectProcessed(darkroom(), record.imageId)
    expect(original).toMatchObject({ contentType: 'image/png', bytes: image.length, width: 8, height: 8 })
  })

  test('bare bytes become a processed image, identified by their position', async () => {
    const { bridged, bucket } = darkroom()
    const [stored] = await sendRecords({
      brokers: brokers(),
      topic: TOPIC,
      records: [{ partition: 0, value: await tinyImage() }],
    })
    const offset = Number(stored?.offset)
    const line = await until(() => bridged.find((found) => found.partition === 0 && found.offset === offset))
    const imageId = line.imageId ?? ''
    await expectProcessed(darkroom(), imageId)
    const document = await bucket.readDocument(imageId)
    expect(document).toMatchObject({ kafka_topic: TOPIC, kafka_partition: 0, kafka_offset: offset })
    const time = timeOf(imageId)
    expect(imageId).toBe(
      deriveImageId({ app: APP, time, source: `kafka:${TOPIC}`, id: `0-${offset}-${time.getTime()}` }),
    )
  })

  test('images of 3 MB arrive complete, although two of them do not fit into one event', async () => {
    const image = await largeImage()
    expect(image.length).toBeGreaterThan(3_000_000)
    const records = [image, image, image].map((value) => ({ ...binaryRecord(value), partition: 0 }))
    await sendRecords({ brokers: brokers(), topic: TOPIC, records: records.slice(0, 2) })
    await sendRecords({ brokers: brokers(), topic: TOPIC, records: records.slice(2) })
    for (const { imageId } of records) {
      const { original } = await expectProcessed(darkroom(), imageId)
      expect(original).toMatchObject({ contentType: 'image/jpeg', bytes: image.length })
    }
  })

  const compressions = Object.entries(clients).flatMap(([client, { codecs, produce }]) =>
    codecs.map((codec) => ({ client, codec, produce })),
  )
  test.each(compressions)('a batch that $client compresses with $codec', async ({ codec, produce }) => {
    const records = [binaryRecord(await tinyImage()), binaryRecord(await tinyImage())]
    const sent = records.map(({ key = '', headers = {}, value }) => ({
      key,
      headers,
      value: value ?? Buffer.alloc(0),
    }))
    await produce({ brokers: brokers(), topic: TOPIC, records: sent, codec })
    for (const { imageId } of records) await expectProcessed(darkroom(), imageId)
  })
}
