import { type BaseView, glueType } from '@darkroom/analytics'
import { databaseName, logicalId, type Settings } from './settings.ts'

/** The views that queries are built on, and one for each query, so that BI tools see its result as a table. */
export function views(settings: Settings) {
  return Object.fromEntries(
    [...settings.baseViews, ...settings.queries].map((query) => [
      logicalId(query.name, 'View'),
      view(query, databaseName(settings)),
    ]),
  )
}

/**
 * The same as Athena's CREATE VIEW stores in Glue: the statement and the types of its columns in base64, in a comment
 * (io.trino.plugin.hive.ViewReaderUtil reads it).
 */
function view({ name, title, sql, columns }: BaseView, schema: string) {
  const definition = {
    originalSql: sql,
    catalog: 'awsdatacatalog',
    schema,
    columns: columns.map(({ name, type }) => ({ name, type })),
  }
  const encoded = Buffer.from(JSON.stringify(definition)).toString('base64')
  return {
    Type: 'AWS::Glue::Table',
    DependsOn: ['CollectedOutcomes', 'CollectedRefusals', 'Images', 'LookAlikes'],
    Properties: {
      CatalogId: { Ref: 'AWS::AccountId' },
      DatabaseName: { Ref: 'Database' },
      TableInput: {
        Name: name,
        Description: title,
        TableType: 'VIRTUAL_VIEW',
        Parameters: { presto_view: 'true', comment: 'Presto View' },
        ViewOriginalText: `/* Presto View: ${encoded} */`,
        ViewExpandedText: '/* Presto View */',
        StorageDescriptor: {
          SerdeInfo: {},
          Columns: columns.map(({ name, type, comment }) => ({
            Name: name,
            Type: glueType(type),
            Comment: comment,
          })),
        },
      },
    },
  }
}

/** The queries in Athena's editor, under "Saved queries", where analysts can change them. */
export function savedQueries({ queries }: Settings) {
  return Object.fromEntries(
    queries.map(({ name, title, sql }) => [
      logicalId(name, 'Query'),
      {
        Type: 'AWS::Athena::NamedQuery',
        Properties: {
          Name: name,
          Description: title,
          Database: { Ref: 'Database' },
          WorkGroup: { Ref: 'WorkGroup' },
          QueryString: sql,
        },
      },
    ]),
  )
}
