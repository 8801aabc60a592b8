import { dateOf, newImageId, RECONCILED_KEY } from '@darkroom/core'
import { awsEnvironment, startLocalAws } from '@darkroom/local-aws'
import { startStandInAthena } from '../../services/analytics-catalog/src/testing/stand-in-athena.ts'
import { processedDocument } from '../../services/upload-api/src/testing/documents.ts'
import { openStore } from '../../services/upload-api/src/testing/open-store.ts'
import { none, type Requests, startRequestCounter } from './count-requests.ts'
import { plus, times } from './sums.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const FEW = 2
const MORE = 22
/** An app without new images is looked at by `reconcileRows` on one of so many days. */
const ROUND_DAYS = 7
/** Of the 288 calls of `mergeOutcomes` in a day, those that ask Athena whether there is something to merge. */
const HOURS = 24
const MERGES = 288

/** What a function that a schedule calls asks for in a day without images. */
export interface IdleDay {
  /** However many apps there are. */
  constant: Requests
  perApp: Requests
  athenaQueries: number
}

export type IdleFunction = 'reconcileImages' | 'reconcileRows' | 'mergeOutcomes'

/** Counted with two numbers of apps, which have one old image each. `reconcileImages` with what it has `watchImages` do. */
export async function countIdleDay(): Promise<Record<IdleFunction, IdleDay>> {
  const aws = await startLocalAws()
  const counter = await startRequestCounter(aws.endpoint)
  const athena = await startStandInAthena(() => [])
  const store = await openStore({
    ...awsEnvironment(counter.endpoint),
    AWS_ENDPOINT_URL_ATHENA: athena.endpoint,
  })
  const { handler: reconcileImages } = await import('../../services/upload-api/src/watch/reconcile.ts')
  const { handler: watchImages } = await import('../../services/upload-api/src/watch/watch-images.ts')
  const { handler: reconcileRows } = await import(
    '../../services/analytics-catalog/src/reconcile/reconcile-rows.ts'
  )
  const { handler: mergeOutcomes } = await import(
    '../../services/analytics-catalog/src/merge/merge-outcomes.ts'
  )
  const counted = async (run: () => Promise<unknown>) => {
    counter.take()
    await run()
    return counter.take()
  }

  const acceptedAt = new Date(Date.now() - 10 * DAY_MS)
  let apps = 0
  const addApps = async (count: number) => {
    for (; apps < count; apps++) {
      const image = { app: `app-${apps}`, imageId: newImageId(acceptedAt) }
      await store.putInput(image)
      await store.putDocument(processedDocument(image))
    }
  }
  const images = async () => {
    // As the reconcile of the day before leaves it.
    await store.put(RECONCILED_KEY, dateOf(newImageId(new Date(Date.now() - 2 * DAY_MS))))
    return counted(async () => {
      await reconcileImages({ time: new Date().toISOString() })
      for (;;) {
        const Records = await store.receiveWatched()
        if (Records.length === 0) return
        await watchImages({ Records })
        await store.deleteWatched(Records)
      }
    })
  }
  const rows = () =>
    counted(async () => {
      for (let day = 0; day < ROUND_DAYS; day++)
        await reconcileRows({ time: new Date(Date.now() + day * DAY_MS).toISOString() })
    })
  const measured: { images: Requests; rows: Requests }[] = []
  for (const count of [FEW, MORE]) {
    await addApps(count)
    measured.push({ images: await images(), rows: times(await rows(), 1 / ROUND_DAYS) })
  }
  const quiet = await counted(() => atMinute(30, mergeOutcomes))
  athena.statements.length = 0
  const hourly = await counted(() => atMinute(0, mergeOutcomes))
  const queries = athena.statements.length
  await store.close()
  await counter.stop()
  athena.stop()
  await aws.stop()
  const [few, more] = measured as [(typeof measured)[0], (typeof measured)[0]]
  const perApp = (of: 'images' | 'rows') => times(plus(more[of], times(few[of], -1)), 1 / (MORE - FEW))
  const constant = (of: 'images' | 'rows') => plus(few[of], times(perApp(of), -FEW))
  return {
    reconcileImages: { constant: constant('images'), perApp: perApp('images'), athenaQueries: 0 },
    reconcileRows: { constant: constant('rows'), perApp: perApp('rows'), athenaQueries: 1 },
    mergeOutcomes: {
      constant: plus(times(quiet, MERGES - HOURS), times(hourly, HOURS)),
      perApp: none(),
      athenaQueries: queries * HOURS,
    },
  }
}

/** Runs it when the clock shows this minute of the hour. */
async function atMinute(minute: number, run: () => Promise<unknown>): Promise<void> {
  const { now } = Date
  const time = Math.floor(now() / HOUR_MS) * HOUR_MS + minute * 60_000
  Date.now = () => time
  try {
    await run()
  } finally {
    Date.now = now
  }
}
