import {
  ICEBERG_TABLES,
  type IcebergTable,
  icebergType,
  LOOK_ALIKE_COLUMNS,
  rowColumns,
} from '@darkroom/analytics'
import { FIELD_IDS } from './field-ids.ts'
import { logicalId } from './settings.ts'

type FlatColumn = ReturnType<typeof rowColumns>[number] | (typeof LOOK_ALIKE_COLUMNS)[number]

/** The Iceberg tables that the merges fill. `maintain` rewrites their files. */
export function compactedTables() {
  const columns = { images: rowColumns(), look_alikes: LOOK_ALIKE_COLUMNS }
  return Object.fromEntries(
    ICEBERG_TABLES.map((name) => [logicalId(name), icebergTable(name, columns[name])]),
  )
}

/**
 * One partition per day of acceptance. Glue reads the schema only from `IcebergTableInput`, and there must be no
 * `TableInput`. It supports only named types, so nested fields are not possible; there are none.
 * Of all ways to write such a table this is the one that CloudFormation can also change: https://github.com/aws/aws-cdk/pull/37988.
 */
function icebergTable(table: IcebergTable, columns: FlatColumn[]) {
  const fields = columns.map(({ name, type, comment }) => ({
    Id: idOf(table, name),
    Name: name,
    Type: icebergType(type),
    Required: false,
    Doc: comment,
  }))
  const dt = fields.find(({ Name }) => Name === 'dt')
  return {
    Type: 'AWS::Glue::Table',
    Properties: {
      CatalogId: { Ref: 'AWS::AccountId' },
      DatabaseName: { Ref: 'Database' },
      Name: table,
      OpenTableFormatInput: {
        IcebergInput: {
          MetadataOperation: 'CREATE',
          Version: '2',
          IcebergTableInput: {
            Location: { 'Fn::Join': ['', ['s3://', { Ref: 'CatalogueBucket' }, `/${table}`]] },
            Schema: { Type: 'struct', SchemaId: 0, Fields: fields },
            PartitionSpec: {
              SpecId: 0,
              Fields: [{ SourceId: dt?.Id, FieldId: 1000, Name: 'dt', Transform: 'identity' }],
            },
            Properties: { 'write.format.default': 'parquet', 'write.parquet.compression-codec': 'zstd' },
          },
        },
      },
    },
  }
}

function idOf(table: IcebergTable, column: string): number {
  const id = FIELD_IDS[table][column]
  if (id === undefined) throw new Error(`The column ${column} of ${table} needs the next id in field-ids.ts.`)
  return id
}
