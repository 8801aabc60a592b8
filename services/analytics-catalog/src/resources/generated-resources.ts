import { collectedRefusalsTable, collectedTable } from './collected-table.ts'
import { compactedTables } from './compacted-tables.ts'
import { documentsTable } from './documents-table.ts'
import { savedQueries, views } from './queries.ts'
import { quickSight } from './quick-sight.ts'
import { databaseName, type Settings } from './settings.ts'
import { tableSchedules } from './table-schedules.ts'

/** The resources that are generated from the document schema, the queries and the retention. */
export function generatedResources(settings: Settings) {
  return {
    Resources: {
      Database: database(settings),
      ImageDocuments: documentsTable(settings),
      CollectedOutcomes: collectedTable(settings),
      CollectedRefusals: collectedRefusalsTable(settings),
      ...compactedTables(),
      ...views(settings),
      ...savedQueries(settings),
      ...tableSchedules(settings),
      ...quickSight(settings),
    },
    Outputs: { DatabaseName: { Value: { Ref: 'Database' } } },
  }
}

function database(settings: Settings) {
  const DatabaseInput = { Name: databaseName(settings), Description: 'Images processed by Darkroom.' }
  return { Type: 'AWS::Glue::Database', Properties: { CatalogId: { Ref: 'AWS::AccountId' }, DatabaseInput } }
}
