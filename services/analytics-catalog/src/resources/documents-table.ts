import { documentColumns, glueType } from '@darkroom/analytics'
import type { Settings } from './settings.ts'

const PARTITIONS = ['app', 'dt']

/**
 * One row per metadata document, read directly from S3. Partition projection needs no crawler.
 * https://docs.aws.amazon.com/athena/latest/ug/partition-projection.html
 */
export function documentsTable({ stage, apps }: Settings) {
  const location = `s3://darkroom-${stage}-\${AWS::AccountId}-\${AWS::Region}/metadata/`
  return {
    Type: 'AWS::Glue::Table',
    Properties: {
      CatalogId: { Ref: 'AWS::AccountId' },
      DatabaseName: { Ref: 'Database' },
      TableInput: {
        Name: 'image_documents',
        Description: 'The metadata documents in S3, including receipts of erasures.',
        TableType: 'EXTERNAL_TABLE',
        Parameters: {
          EXTERNAL: 'TRUE',
          'projection.enabled': 'true',
          'projection.app.type': 'enum',
          'projection.app.values': apps,
          'projection.dt.type': 'date',
          'projection.dt.format': 'yyyy-MM-dd',
          'projection.dt.range': '2026-01-01,NOW',
          // Fn::Sub turns `${!…}` into `${…}`, which Athena needs.
          'storage.location.template': { 'Fn::Sub': `${location}app=\${!app}/dt=\${!dt}/` },
        },
        PartitionKeys: glueColumns(PARTITIONS),
        StorageDescriptor: {
          Location: { 'Fn::Sub': location },
          InputFormat: 'org.apache.hadoop.mapred.TextInputFormat',
          OutputFormat: 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat',
          SerdeInfo: {
            SerializationLibrary: 'org.openx.data.jsonserde.JsonSerDe',
            // Otherwise one document that is not JSON fails every query over its partition. It becomes a row of nulls.
            // https://docs.aws.amazon.com/athena/latest/ug/openx-json-serde.html
            Parameters: { 'ignore.malformed.json': 'true' },
          },
          Columns: glueColumns(
            documentColumns().flatMap(({ name }) => (PARTITIONS.includes(name) ? [] : name)),
          ),
        },
      },
    },
  }
}

function glueColumns(names: string[]) {
  const columns = new Map(documentColumns().map((column) => [column.name, column]))
  return names.flatMap((name) => {
    const column = columns.get(name)
    return column ? { Name: name, Type: glueType(column.type), Comment: column.comment } : []
  })
}
