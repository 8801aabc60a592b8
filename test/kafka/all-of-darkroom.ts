import { afterAll, beforeAll, describe } from '@jest/globals'
import type { BrokerUnderTest } from './brokers-under-test.ts'
import { type Darkroom, startDarkroom } from './darkroom-on-kafka.ts'
import { brokerRestart } from './scenarios/broker-restart.ts'
import { kcat } from './scenarios/kcat.ts'
import { kindsOfRecords } from './scenarios/kinds-of-records.ts'
import { rebalance } from './scenarios/rebalance.ts'
import { refusedRecords } from './scenarios/refused-records.ts'
import { replay } from './scenarios/replay.ts'
import { storageOutage } from './scenarios/storage-outage.ts'

/** Runs every scenario on a broker. There is one test file per broker, so that they can run in parallel. */
export function allOfDarkroomOn(kind: BrokerUnderTest): void {
  describe(`all of Darkroom on ${kind.name}`, () => {
    let darkroom: Darkroom
    beforeAll(async () => {
      darkroom = await startDarkroom(kind)
    })
    afterAll(() => darkroom?.stop())

    const scenarios = {
      kindsOfRecords,
      kcat,
      refusedRecords,
      replay,
      rebalance,
      brokerRestart,
      storageOutage,
    }
    describe.each(Object.entries(scenarios))('%s', (_, scenario) => scenario(() => darkroom))
  })
}
