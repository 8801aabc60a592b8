import { compactedTables } from './compacted-tables.ts'
import { documentsTable } from './documents-table.ts'
import { mergeSchedules } from './merge-schedules.ts'
import { quickSight } from './quick-sight.ts'
import { savedQueries } from './saved-queries.ts'
import type { Settings } from './settings.ts'
import { views } from './views.ts'

/** What serverless.yml adds to the template; each part is made in a file of its own. */
export function generatedResources(settings: Settings) {
  return {
    Resources: {
      ImageDocuments: documentsTable(settings),
      ...compactedTables(settings),
      ...views(settings),
      ...savedQueries(settings),
      ...mergeSchedules(settings),
      ...quickSight(settings),
    },
  }
}
