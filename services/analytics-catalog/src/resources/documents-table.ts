import { documentColumns } from '@darkroom/analytics'
import { glueColumns, glueTable, jsonFiles } from './glue-table.ts'
import type { Settings } from './settings.ts'

const PARTITIONS = ['app', 'dt']

/**
 * One row per metadata document, read directly from S3. Partition projection needs no crawler.
 * https://docs.aws.amazon.com/athena/latest/ug/partition-projection.html
 */
export function documentsTable({ stage, apps }: Settings) {
  const location = `s3://darkroom-${stage}-\${AWS::AccountId}-\${AWS::Region}/metadata/`
  const columns = documentColumns()
  return glueTable({
    Name: 'image_documents',
    Description: 'The metadata documents in S3, including receipts of erasures.',
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
    PartitionKeys: glueColumns(
      PARTITIONS.flatMap((partition) => columns.filter(({ name }) => name === partition)),
    ),
    StorageDescriptor: jsonFiles(
      location,
      columns.filter(({ name }) => !PARTITIONS.includes(name)),
    ),
  })
}
