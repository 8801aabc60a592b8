export {
  type Column,
  documentColumns,
  glueType,
  icebergType,
  imageColumns,
  LOOK_ALIKE_COLUMNS,
} from './columns.ts'
export { dataDictionary } from './data-dictionary.ts'
export { type DocumentFormat, generateImages } from './generate-images.ts'
export { expireStatement, mergeStatement } from './merge.ts'
export { mergeLookAlikesStatement } from './merge-look-alikes.ts'
export { type Catalogue, openCatalogue, openDocuments, type Table } from './open-catalogue.ts'
export { type NamedQuery, readQueries } from './read-queries.ts'
