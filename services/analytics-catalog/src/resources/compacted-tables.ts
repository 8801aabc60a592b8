import { ICEBERG_TABLES, icebergType, LOOK_ALIKE_COLUMNS, rowColumns } from '@darkroom/analytics'
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
 * `TableInput`. It supports only named types, so nested fields are not possible; there are none. CloudFormation breaks such a table if it
 * changes it (https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/1919), so its properties are not set here.
 */
function icebergTable(name: string, columns: FlatColumn[]) {
  const fields = columns.map(({ name, type, comment }, n) => ({
    Id: n + 1,
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
      Name: name,
      OpenTableFormatInput: {
        IcebergInput: {
          MetadataOperation: 'CREATE',
          Version: '2',
          IcebergTableInput: {
            Location: { 'Fn::Join': ['', ['s3://', { Ref: 'CatalogueBucket' }, `/${name}`]] },
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
