import { expect, test } from '@jest/globals'
import { GROUP, PARTITIONS, TOPIC } from '../brokers-under-test.ts'
import { APP } from '../bucket.ts'
import type { Darkroom } from '../darkroom-on-kafka.ts'
import { allFinished } from '../expect-processed.ts'
import { binaryRecord } from '../image-records.ts'
import { tinyImages } from '../images.ts'
import { sendRecords } from '../send-records.ts'
import { committedOffsets, resetOffsets } from '../topics.ts'
import { until } from '../until.ts'

const RECORDS = 300

/** A group's offsets are reset, as after an operator's mistake or if the group was deleted. */
export function replay(darkroom: () => Darkroom): void {
  test(`${RECORDS} records that are delivered again change nothing`, async () => {
    const { broker, bridged } = darkroom()
    const { brokers } = broker
    const committed = () => committedOffsets(brokers, GROUP, TOPIC, PARTITIONS)
    const start = await committed()
    const images = await tinyImages(RECORDS - 1)
    const records = images.map(binaryRecord)
    const invalid = { key: 'invalid', value: Buffer.from('not an image') }
    await sendRecords({
      brokers,
      topic: TOPIC,
      records: records.toSpliced(RECORDS / 2, 0, { ...invalid, imageId: '' }),
    })
    const delivered = (from: number) =>
      bridged.slice(from).filter(({ message }) => message !== 'record deferred')
    await allFinished(
      darkroom(),
      records.map(({ imageId }) => imageId),
    )
    const end = await until(async () => {
      const offsets = await committed()
      return sum(offsets) - sum(start) === BigInt(RECORDS) && offsets
    })
    const once = await everything(darkroom())

    const from = bridged.length
    await darkroom().restart(() => resetOffsets(brokers, GROUP, TOPIC, start))
    await until(() => delivered(from).length >= RECORDS)
    await until(async () => sum(await committed()) === sum(end))
    await darkroom().queue.empty()

    const again = delivered(from)
    expect(again.filter(({ message, replayed }) => message === 'record accepted' && replayed)).toHaveLength(
      RECORDS - 1,
    )
    expect(again.filter(({ message }) => message === 'record rejected')).toHaveLength(1)
    expect(await everything(darkroom())).toEqual(once)
  })
}

/** Originals, variants and documents with the time of their last write, and the keys of rejected records. */
async function everything({ bucket }: Darkroom) {
  const [inputs, variants, documents, rejected] = await Promise.all([
    bucket.list(`input/${APP}/`),
    bucket.list(`processed/${APP}/`),
    bucket.list(`metadata/app=${APP}/`),
    bucket.list('rejected/'),
  ])
  return { inputs, variants, documents, rejected: [...rejected.keys()] }
}

function sum(offsets: bigint[]): bigint {
  return offsets.reduce((total, offset) => total + (offset < 0n ? 0n : offset), 0n)
}
