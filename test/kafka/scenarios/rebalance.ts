import { expect, test } from '@jest/globals'
import { firstAcceptances } from '../bridge-log.ts'
import { TOPIC } from '../brokers-under-test.ts'
import type { Darkroom } from '../darkroom-on-kafka.ts'
import { binaryRecord } from '../image-records.ts'
import { tinyImages } from '../images.ts'
import { sendRecords } from '../send-records.ts'
import { until } from '../until.ts'
import { allFinished } from '../what-became-of.ts'

/** Enough to be under way while a bridge starts and stops. */
const AT_ONCE = 20

/** A second bridge joins the group, and leaves it, while records flow without a pause. */
export function rebalance(darkroom: () => Darkroom): void {
  test('a second bridge comes and goes: each image once, each partition in order', async () => {
    const { broker, bridged } = darkroom()
    const from = bridged.length
    const sent: string[] = []
    let flows = true
    const flow = async () => {
      while (flows) {
        const records = (await tinyImages(AT_ONCE)).map(binaryRecord)
        await sendRecords({ brokers: broker.brokers, topic: TOPIC, records })
        sent.push(...records.map(({ imageId }) => imageId))
        await until(() => acceptedIds(darkroom(), from).size > sent.length - AT_ONCE)
      }
    }
    await Promise.all([flow(), comeAndGo(darkroom()).finally(() => (flows = false))])

    await allFinished(darkroom(), sent)
    const lines = bridged.slice(from)
    for (const offsets of firstAcceptances(lines).values()) {
      expect(offsets).toEqual(offsets.toSorted((one, other) => one - other))
    }
    const first = lines.filter(({ message, replayed }) => message === 'record accepted' && !replayed)
    expect(first.map(({ imageId }) => imageId).toSorted()).toEqual(sent.toSorted())
  })
}

function acceptedIds({ bridged }: Darkroom, from: number): Set<string | undefined> {
  return new Set(bridged.slice(from).map(({ imageId }) => imageId))
}

async function comeAndGo(darkroom: Darkroom): Promise<void> {
  const { bridged } = darkroom
  const second = await darkroom.joinBridge()
  await until(() => second.accepted() >= AT_ONCE)
  await second.stop()
  const left = bridged.length
  await until(() => bridged.length >= left + AT_ONCE)
}
