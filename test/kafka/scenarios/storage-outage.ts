import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from '@jest/globals'
import { firstAcceptances } from '../bridge-log.ts'
import { TOPIC } from '../brokers-under-test.ts'
import { APP } from '../bucket.ts'
import type { Darkroom } from '../darkroom-on-kafka.ts'
import { binaryRecord } from '../image-records.ts'
import { tinyImages } from '../images.ts'
import { sendRecords } from '../send-records.ts'
import { until } from '../until.ts'
import { allFinished } from '../what-became-of.ts'

/** How long S3 and SQS stay away after the first record was deferred: the partition is tried again and again. */
const OUTAGE_MS = 60_000

/**
 * Messages that the processor holds while the queue goes come back after the queue's visibility timeout, six minutes
 * by the template. The tests wait less.
 */
const VISIBILITY_SECONDS = 5

/** S3 and SQS go in the middle of a batch, and come back. */
export function storageOutage(darkroom: () => Darkroom): void {
  test('S3 and SQS are away: nothing is lost, nothing is doubled, poison holds nothing up', async () => {
    const { broker, bridged, bucket, queue } = darkroom()
    await queue.setVisibilityTimeout(VISIBILITY_SECONDS)
    const records = (await tinyImages(200)).map(binaryRecord)
    const ids = records.map(({ imageId }) => imageId)
    const poison = { key: 'poison', value: Buffer.from('This is no image.'), imageId: '' }
    const from = bridged.length
    const told = (message: string) => bridged.slice(from).filter((line) => line.message === message)
    const sent = [...records.slice(0, 100), poison, ...records.slice(100), poison]
    await sendRecords({ brokers: broker.brokers, topic: TOPIC, records: sent })
    await until(() => told('record accepted').length > 0)
    await darkroom().suspendAws()
    expect(told('record accepted').length).toBeLessThan(records.length)
    await until(() => told('record deferred').length > 0)
    await sleep(OUTAGE_MS)
    await darkroom().resumeAws()

    const acceptedIds = () => new Set(told('record accepted').map(({ imageId }) => imageId))
    await until(() => acceptedIds().size === records.length && told('record rejected').length >= 2)
    await allFinished(darkroom(), ids)
    await queue.empty()
    const inputs = [...(await bucket.list(`input/${APP}/`)).keys()].map((key) => key.split('/').at(-1) ?? '')
    expect(inputs.filter((id) => ids.includes(id)).toSorted()).toEqual(ids.toSorted())
    for (const offsets of firstAcceptances(bridged.slice(from)).values()) {
      expect(offsets).toEqual(offsets.toSorted((one, other) => one - other))
    }
  })
}
