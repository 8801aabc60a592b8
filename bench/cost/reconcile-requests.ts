import { dateOf, newImageId, RECONCILED_KEY } from '@darkroom/core'
import { awsEnvironment, startLocalAws } from '@darkroom/local-aws'
import { processedDocument } from '../../services/upload-api/src/testing/documents.ts'
import { openStore } from '../../services/upload-api/src/testing/open-store.ts'
import { none, type Requests, startRequestCounter } from './count-requests.ts'
import { plus, times } from './sums.ts'

const DAY_MS = 86_400_000
const FEW = 2
const MORE = 22

/** What a daily reconcile asks of S3 and SQS when there is nothing to find. */
export interface ReconcileRequests {
  /** However many apps there are. */
  constant: Requests
  perApp: Requests
}

/** With two numbers of apps that have one old image each. */
export async function countReconciles(): Promise<ReconcileRequests> {
  const aws = await startLocalAws()
  const counter = await startRequestCounter(aws.endpoint)
  const store = await openStore(awsEnvironment(counter.endpoint))
  const { handler: reconcile } = await import('../../services/upload-api/src/watch/reconcile.ts')
  const { handler: watchImages } = await import('../../services/upload-api/src/watch/watch-images.ts')
  const acceptedAt = new Date(Date.now() - 10 * DAY_MS)
  const measured: Requests[] = []
  let apps = 0
  for (const count of [FEW, MORE]) {
    for (; apps < count; apps++) {
      const image = { app: `app-${apps}`, imageId: newImageId(acceptedAt) }
      await store.putInput(image)
      await store.putDocument(processedDocument(image))
    }
    // As the reconcile of the day before leaves it.
    await store.put(RECONCILED_KEY, dateOf(newImageId(new Date(Date.now() - 2 * DAY_MS))))
    counter.take()
    await reconcile({ time: new Date().toISOString() })
    for (;;) {
      const Records = await store.receiveWatched()
      if (Records.length === 0) break
      await watchImages({ Records })
      await store.deleteWatched(Records)
    }
    measured.push(counter.take())
  }
  await store.close()
  await counter.stop()
  await aws.stop()
  const [few = none(), more = none()] = measured
  const perApp = times(plus(more, times(few, -1)), 1 / (MORE - FEW))
  return { constant: plus(few, times(perApp, -FEW)), perApp }
}
