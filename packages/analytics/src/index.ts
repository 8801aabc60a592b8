export { type AthenaDatabase, askAthena } from './ask-athena.ts'
export { ATHENA_FUNCTIONS, ATHENA_SESSION } from './athena-functions.ts'
export {
  type Column,
  documentColumns,
  glueType,
  icebergType,
  imageColumns,
  LOOK_ALIKE_COLUMNS,
} from './columns.ts'
export { dataDictionary } from './data-dictionary.ts'
export { type Generation, generatedDocuments } from './generate-documents.ts'
export { type DocumentFormat, generateImages } from './generate-images.ts'
export { documentsIn } from './insert-documents.ts'
export { expireStatement, imagesOf, mergeStatement } from './merge.ts'
export { mergeLookAlikesStatement } from './merge-look-alikes.ts'
export { type Catalogue, openCatalogue, openDocuments, type Table } from './open-catalogue.ts'
export { type NamedQuery, readQueries } from './read-queries.ts'
