import { dateOf, newImageId, RECONCILED_KEY, ROWS_COMPARED_KEY, TABLES_MAINTAINED_KEY } from '@darkroom/core'
import { awsEnvironment, startLocalAws } from '@darkroom/local-aws'
import pMap from 'p-map'
import { startStandInAthena } from '../../services/analytics-catalog/src/testing/stand-in-athena.ts'
import { processedDocument } from '../../services/upload-api/src/testing/documents.ts'
import { openStore } from '../../services/upload-api/src/testing/open-store.ts'
import { none, type Requests, startRequestCounter } from './count-requests.ts'
import { plus, times } from './sums.ts'

const DAY_MS = 86_400_000
/** More than the ranges of apps that `reconcileImages` lists side by side. */
const FEW = 20
/** More than two pages. */
const MORE = 2_020
/** Calls of `reconcileRows` and `mergeOutcomes` in a day. One of the first compares all apps, the others find that it is done. */
const COMPARISONS = 96
const MERGES = 288
/** Calls that it takes: four statements are started one by one. */
const MAINTAINING = 5

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
    const added = Array.from({ length: count - apps }, (_, n) => `app-${apps + n}`)
    apps = count
    const put = async (app: string) => {
      const image = { app, imageId: newImageId(acceptedAt) }
      await store.putInput(image)
      await store.putDocument(processedDocument(image))
    }
    await pMap(added, put, { concurrency: 20 })
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
  const rows = async () => {
    await store.remove(ROWS_COMPARED_KEY)
    const now = Date.now()
    await reconcileRows({ time: new Date(now).toISOString() })
    athena.statements.length = 0
    const compare = () => reconcileRows({ time: new Date(now + DAY_MS).toISOString() })
    return plus(await counted(compare), times(await counted(compare), COMPARISONS - 1))
  }
  const measured: { images: Requests; rows: Requests }[] = []
  for (const count of [FEW, MORE]) {
    await addApps(count)
    measured.push({ images: await images(), rows: await rows() })
  }
  const comparisons = athena.statements.length
  athena.statements.length = 0
  // Most of the day's calls find that the tables are maintained.
  const date = dateOf(newImageId(new Date(Date.now() - 2 * DAY_MS)))
  await store.put(TABLES_MAINTAINED_KEY, JSON.stringify({ date, left: [] }))
  let merges = none()
  for (let calls = 0; calls < MAINTAINING; calls++) merges = plus(merges, await counted(mergeOutcomes))
  merges = plus(merges, times(await counted(mergeOutcomes), MERGES - MAINTAINING))
  const billed = athena.statements.filter((statement) => !/^(ALTER|VACUUM) /.test(statement))
  await store.close()
  await counter.stop()
  athena.stop()
  await aws.stop()
  const [few, more] = measured as [(typeof measured)[0], (typeof measured)[0]]
  const perApp = (of: 'images' | 'rows') => times(plus(more[of], times(few[of], -1)), 1 / (MORE - FEW))
  const constant = (of: 'images' | 'rows') => plus(few[of], times(perApp(of), -FEW))
  return {
    reconcileImages: { constant: constant('images'), perApp: perApp('images'), athenaQueries: 0 },
    reconcileRows: { constant: constant('rows'), perApp: perApp('rows'), athenaQueries: comparisons },
    mergeOutcomes: {
      constant: merges,
      perApp: none(),
      athenaQueries: billed.length,
    },
  }
}
