export { type Catalogue, openCatalogue, type Table } from './open-catalogue.ts'
export { type NamedQuery, readQueries } from './read-queries.ts'
