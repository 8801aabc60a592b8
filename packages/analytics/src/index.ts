export {
  type AthenaDatabase,
  askAthena,
  type Catalogue,
  ofStage,
  resultsOf,
  type Table,
} from './ask-athena.ts'
export {
  type Column,
  type ColumnType,
  documentColumns,
  glueType,
  icebergType,
  imageColumns,
  LOOK_ALIKE_COLUMNS,
} from './columns.ts'
export { dataDictionary } from './data-dictionary.ts'
export {
  type AppsDay,
  type DateRange,
  differencesQuery,
  differingDaysQuery,
  MAX_DIFFERENCES,
  type MergedUntil,
  ROWS_BY_DATE,
} from './differences.ts'
export { expireStatement, imagesOf, mergeStatement } from './merge.ts'
export { MAX_DIFFERING_BITS, mergeLookAlikesStatement } from './merge-look-alikes.ts'
export { type NamedQuery, readQueries } from './read-queries.ts'
export {
  fileOfTableQuery,
  ICEBERG_TABLES,
  isOfImage,
  rowsOfImageQuery,
  snapshotsQuery,
  snapshotsWithImageQuery,
  TABLES,
} from './rows-of-image.ts'
