import { requestRates } from '@darkroom/app-configuration/deployed'
import { openRequestLimiter } from '@darkroom/rate-limits/requests'
import { openUsageTable, usageTableName } from '@darkroom/rate-limits/usage-table'

// Apart from authorize.ts, which loads it with the first request of an app with a limit.

/** Limits the requests of apps. `onFailure`: what happens to one that cannot be counted. */
export const openDeployedLimiter = (onFailure: (app: string, error: Error) => void) =>
  openRequestLimiter({
    table: openUsageTable(usageTableName(process.env.STAGE ?? '')),
    rateOf: (app) => requestRates[app],
    onFailure,
  })
