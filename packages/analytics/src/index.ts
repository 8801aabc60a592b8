export {
  type AthenaDatabase,
  askAthena,
  type Catalogue,
  mergesOf,
  ofStage,
  resultsOf,
  startStatement,
  stateOfStatement,
  type Table,
} from './ask-athena.ts'
export { attributeViews } from './attribute-views.ts'
export {
  type Column,
  type ColumnType,
  collectedColumns,
  collectedRefusalColumns,
  documentColumns,
  EVENT_COLUMNS,
  glueType,
  icebergType,
  imageColumns,
  LOOK_ALIKE_COLUMNS,
  refusalColumns,
  rowColumns,
} from './columns.ts'
export { dataDictionary } from './data-dictionary.ts'
export {
  type AppsDay,
  type DateRange,
  differencesQuery,
  differingDaysQuery,
  MAX_DIFFERENCES,
  ROWS_BY_DATE,
} from './differences.ts'
export {
  MAX_REWRITTEN_DAYS,
  type MaintenanceStep,
  maintenanceSettings,
  maintenanceStatement,
  mergedDaysQuery,
  wantsMoreRuns,
} from './maintain.ts'
export {
  expireStatement,
  imagesOf,
  mergeFrom,
  mergeStatement,
  WATERMARK_DATE,
  WATERMARK_QUERY,
} from './merge.ts'
export {
  MAX_MERGED_DAYS,
  type Merged,
  type MergeOptions,
  mergeCollected,
  readWatermark,
} from './merge-collected.ts'
export { MAX_DIFFERING_BITS, mergeLookAlikesStatement } from './merge-look-alikes.ts'
export { type NamedQuery, readQueries } from './read-queries.ts'
export { idsOfDayQuery, rowCountsQuery, rowsOfSlotsQuery, SLOT_DIGITS, SLOT_MS } from './reconcile.ts'
export {
  fileOfTableQuery,
  ICEBERG_TABLES,
  type IcebergTable,
  isOfImage,
  rowsOfImageQuery,
  snapshotsQuery,
  snapshotsWithImageQuery,
  TABLES,
} from './rows-of-image.ts'
export { isWritingImages } from './running-merges.ts'
export { type BaseView, baseViews } from './views.ts'
