import { newImageId } from '@darkroom/core'
import { expect, test } from '@jest/globals'
import { canRestart, TOPIC } from '../brokers-under-test.ts'
import type { Darkroom } from '../darkroom-on-kafka.ts'
import { allFinished, expectProcessed } from '../expect-processed.ts'
import { binaryRecord } from '../image-records.ts'
import { tinyImage, tinyImages } from '../images.ts'
import { postPicture } from '../post-picture.ts'
import { sendRecords } from '../send-records.ts'
import { until } from '../until.ts'

/** Kafka stops and starts again while the poller and Web App #2 are running. */
export function brokerRestart(darkroom: () => Darkroom): void {
  const name = 'the broker is restarted'
  const run = canRestart ? test : test.skip
  run(
    canRestart ? name : `${name}: skipped, because tests cannot stop the cluster in KAFKA_BROKERS`,
    async () => {
      const { broker, bridged, endpoints } = darkroom()
      const records = (await tinyImages(60)).map(binaryRecord)
      const from = bridged.length
      await sendRecords({ brokers: broker.brokers, topic: TOPIC, records })
      // A broker that does not keep its records is stopped only after the last record has been read.
      await until(() => bridged.length > from + (broker.keepsRecords ? 0 : records.length - 1))
      await broker.suspend()

      const picture = await tinyImage()
      const key = newImageId()
      const refused = await postPicture(endpoints.webApp2, picture, { idempotencyKey: key })
      expect(refused.status).toBe(503)
      expect(refused.headers.get('retry-after')).toMatch(/^\d+$/)
      expect(await refused.json()).toMatchObject({
        type: expect.stringMatching(/storage-unavailable$/),
        detail: expect.stringMatching(/^The picture was not confirmed\. Send it again/),
        retryable: true,
      })

      await broker.resume()
      const accepted = await until(async () => {
        const answer = await postPicture(endpoints.webApp2, picture, { idempotencyKey: key })
        return answer.status !== 503 && answer
      })
      expect(accepted.status).toBe(202)
      const { id } = (await accepted.json()) as { id: string }
      await expectProcessed(darkroom(), id)
      await allFinished(
        darkroom(),
        records.map(({ imageId }) => imageId),
      )
      const sent = [...records.map(({ imageId }) => imageId), id]
      const first = bridged
        .slice(from)
        .filter(({ message, replayed }) => message === 'record accepted' && !replayed)
      expect(first.map(({ imageId }) => imageId).toSorted()).toEqual(sent.toSorted())
    },
  )
}
