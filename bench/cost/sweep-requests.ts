import { newImageId } from '@darkroom/core'
import { awsEnvironment, startLocalAws } from '@darkroom/local-aws'
import { processedDocument } from '../../services/upload-api/src/testing/documents.ts'
import { openStore } from '../../services/upload-api/src/testing/open-store.ts'
import { none, type Requests, startRequestCounter } from './count-requests.ts'
import { plus, times } from './sums.ts'

const MINUTES = 60
const DAY_MS = 86_400_000
const FEW = 2
const MORE = 12

/** What a sweep asks of S3 when there is nothing to repair. */
export interface SweepRequests {
  /** However many apps there are. */
  constant: Requests
  perApp: Requests
}

/** The mean of an hour of sweeps, with two numbers of apps that have one old image each. */
export async function countSweeps(): Promise<SweepRequests> {
  const aws = await startLocalAws()
  const counter = await startRequestCounter(aws.endpoint)
  const store = await openStore(awsEnvironment(counter.endpoint))
  const { handler: sweep } = await import('../../services/upload-api/src/sweep/sweep-inputs.ts')
  const acceptedAt = new Date(Date.now() - 3 * DAY_MS)
  const measured: Requests[] = []
  let apps = 0
  for (const count of [FEW, MORE]) {
    for (; apps < count; apps++) {
      const image = { app: `app-${apps}`, imageId: newImageId(acceptedAt) }
      await store.putInput(image)
      await store.putDocument(processedDocument(image))
    }
    counter.take()
    for (let minute = 0; minute < MINUTES; minute++)
      await sweep({ time: new Date(Date.now() + minute * 60_000).toISOString() })
    measured.push(times(counter.take(), 1 / MINUTES))
  }
  await store.close()
  await counter.stop()
  await aws.stop()
  const [few = none(), more = none()] = measured
  const perApp = times(plus(more, times(few, -1)), 1 / (MORE - FEW))
  return { constant: plus(few, times(perApp, -FEW)), perApp }
}
