import { expect, test } from '@jest/globals'
import { firstAcceptances, type RecordLine } from '../bridge-log.ts'
import { TOPIC } from '../brokers-under-test.ts'
import { APP } from '../bucket.ts'
import type { Darkroom } from '../darkroom-on-kafka.ts'
import { allFinished } from '../expect-processed.ts'
import { binaryRecord } from '../image-records.ts'
import { tinyImages } from '../images.ts'
import { sendRecords } from '../send-records.ts'
import { until } from '../until.ts'

/** S3 and SQS stay down until a record has been tried this often. The time between attempts grows. */
const ATTEMPTS = 10

/**
 * Messages that the processor has received when the queue stops are delivered again after the visibility timeout. The
 * template's six minutes are too long for a test.
 */
const VISIBILITY_SECONDS = 5

/** S3 and SQS stop in the middle of a batch and start again. */
export function storageOutage(darkroom: () => Darkroom): void {
  test('S3 and SQS are down: nothing is lost or doubled, and an invalid record blocks nothing', async () => {
    const { broker, bridged, bucket, queue } = darkroom()
    await queue.setVisibilityTimeout(VISIBILITY_SECONDS)
    const records = (await tinyImages(200)).map(binaryRecord)
    const ids = records.map(({ imageId }) => imageId)
    const invalid = { key: 'invalid', value: Buffer.from('not an image'), imageId: '' }
    const from = bridged.length
    const logged = (message: string) => bridged.slice(from).filter((line) => line.message === message)
    const sent = [...records.slice(0, 100), invalid, ...records.slice(100), invalid]
    await sendRecords({ brokers: broker.brokers, topic: TOPIC, records: sent })
    await until(() => logged('record accepted').length > 0)
    await darkroom().suspendAws()
    expect(logged('record accepted').length).toBeLessThan(records.length)
    await until(() => mostOfOne(logged('record deferred')) >= ATTEMPTS)
    await darkroom().resumeAws()

    const acceptedIds = () => new Set(logged('record accepted').map(({ imageId }) => imageId))
    await until(() => acceptedIds().size === records.length && logged('record rejected').length >= 2).catch(
      (cause) => {
        const missing = records.filter(({ imageId }) => !acceptedIds().has(imageId)).map(({ key }) => key)
        const lines = bridged.slice(from).slice(-5)
        throw new Error(JSON.stringify({ missing, rejected: logged('record rejected'), lines }), { cause })
      },
    )
    await allFinished(darkroom(), ids)
    await queue.empty()
    const inputs = [...(await bucket.list(`input/${APP}/`)).keys()].map((key) => key.split('/').at(-1) ?? '')
    expect(inputs.filter((id) => ids.includes(id)).toSorted()).toEqual(ids.toSorted())
    for (const offsets of firstAcceptances(bridged.slice(from)).values()) {
      expect(offsets).toEqual(offsets.toSorted((one, other) => one - other))
    }
  })
}

/** How many of these lines are about the same record, for the record that has most. */
function mostOfOne(lines: RecordLine[]): number {
  const byRecord = Map.groupBy(lines, ({ partition, offset }) => `${partition}-${offset}`)
  return Math.max(0, ...[...byRecord.values()].map(({ length }) => length))
}
