import { compactedTables } from './compacted-tables.ts'
import { documentsTable } from './documents-table.ts'
import { mergeSchedules } from './merge-schedules.ts'
import { savedQueries, views } from './queries.ts'
import { quickSight } from './quick-sight.ts'
import type { Settings } from './settings.ts'

/** The resources that are generated from the document schema, the queries and the retention. */
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
