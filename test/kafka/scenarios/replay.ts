import { expect, test } from '@jest/globals'
import { GROUP, PARTITIONS, TOPIC } from '../brokers-under-test.ts'
import { APP } from '../bucket.ts'
import type { Darkroom } from '../darkroom-on-kafka.ts'
import { binaryRecord } from '../image-records.ts'
import { tinyImages } from '../images.ts'
import { sendRecords } from '../send-records.ts'
import { committedOffsets, resetOffsets } from '../topics.ts'
import { until } from '../until.ts'
import { allFinished } from '../what-became-of.ts'

const RECORDS = 1_000

/** A group's offsets set back, as after a mistake at operations, or a group that somebody deleted. */
export function replay(darkroom: () => Darkroom): void {
  test(`${RECORDS} records that are delivered again change nothing`, async () => {
    const { broker, bridged } = darkroom()
    const { brokers } = broker
    const committed = () => committedOffsets(brokers, GROUP, TOPIC, PARTITIONS)
    const start = await committed()
    const images = await tinyImages(RECORDS - 1)
    const records = images.map(binaryRecord)
    const poison = { key: 'poison', value: Buffer.from('This is no image.') }
    await sendRecords({
      brokers,
      topic: TOPIC,
      records: records.toSpliced(RECORDS / 2, 0, { ...poison, imageId: '' }),
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

/** Originals, variants and documents, each with the time of its last write; of what was rejected the keys alone. */
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
