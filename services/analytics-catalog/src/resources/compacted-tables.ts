import { ICEBERG_TABLES, icebergType, LOOK_ALIKE_COLUMNS, rowColumns } from '@darkroom/analytics'
import { logicalId, type Settings } from './settings.ts'

type FlatColumn = ReturnType<typeof rowColumns>[number] | (typeof LOOK_ALIKE_COLUMNS)[number]

/** The Iceberg tables that the merges fill, with Glue's optimizers for each. */
export function compactedTables(settings: Settings) {
  const columns = { images: rowColumns(), look_alikes: LOOK_ALIKE_COLUMNS }
  return Object.fromEntries(
    ICEBERG_TABLES.flatMap((name) => Object.entries(compactedTable(name, columns[name], settings))),
  )
}

function compactedTable(name: string, columns: FlatColumn[], { snapshotRetentionDays }: Settings) {
  return {
    [logicalId(name)]: icebergTable(name, columns),
    [logicalId(name, 'Compaction')]: optimizer(name, 'compaction', {
      // A deleted row stays in its file until the file is rewritten, so one deletion is enough to rewrite it, however few
      // files its day has: by default Glue compacts only partitions of at least 100.
      CompactionConfiguration: {
        IcebergConfiguration: { Strategy: 'binpack', DeleteFileThreshold: 1, MinInputFiles: 1 },
      },
    }),
    [logicalId(name, 'SnapshotExpiry')]: optimizer(name, 'retention', {
      // An erased image can be read from snapshots for as long as they are kept.
      RetentionConfiguration: {
        IcebergConfiguration: {
          SnapshotRetentionPeriodInDays: snapshotRetentionDays,
          NumberOfSnapshotsToRetain: 1,
          CleanExpiredFiles: true,
        },
      },
    }),
    // The files that a snapshot has replaced are deleted when that snapshot expires, and the last snapshot never does. So without
    // later changes the files with an erased row are orphans that only this deletes (`pnpm test:trino`).
    [logicalId(name, 'OrphanFileDeletion')]: optimizer(name, 'orphan_file_deletion', {
      OrphanFileDeletionConfiguration: { IcebergConfiguration: { OrphanFileRetentionPeriodInDays: 3 } },
    }),
  }
}

/**
 * One partition per day of acceptance. Glue reads the schema only from `IcebergTableInput`, and there must be no
 * `TableInput`. It supports only named types, so nested fields are not possible; there are none.
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

/** https://docs.aws.amazon.com/glue/latest/dg/table-optimizers.html */
function optimizer(table: string, Type: string, configuration: object) {
  return {
    Type: 'AWS::Glue::TableOptimizer',
    DependsOn: [logicalId(table)],
    Properties: {
      CatalogId: { Ref: 'AWS::AccountId' },
      DatabaseName: { Ref: 'Database' },
      TableName: table,
      Type,
      TableOptimizerConfiguration: {
        Enabled: true,
        RoleArn: { 'Fn::GetAtt': ['OptimizerRole', 'Arn'] },
        ...configuration,
      },
    },
  }
}
