import { collectedColumns, glueType } from '@darkroom/analytics'
import { collectedPrefix, OUTCOMES } from '@darkroom/core'
import { COLLECTED_OUTCOMES_DAYS } from '@darkroom/retention'
import type { Settings } from './settings.ts'

/** S3 deletes at the midnight after the last day. */
const LISTED_DAYS = COLLECTED_OUTCOMES_DAYS + 1

/**
 * One row per event of an image, read from the collected files; several of one image and repeated ones are possible. Hours are
 * partitions, which Athena derives from the time, so the last file is in the table as soon as it is written.
 * https://docs.aws.amazon.com/athena/latest/ug/partition-projection-supported-types.html
 */
export function collectedTable({ stage }: Settings) {
  const location = `s3://darkroom-${stage}-\${AWS::AccountId}-\${AWS::Region}/${collectedPrefix(OUTCOMES)}`
  const columns = collectedColumns().map(({ name, type, comment }) => ({
    Name: name,
    Type: glueType(type),
    Comment: comment,
  }))
  return {
    Type: 'AWS::Glue::Table',
    Properties: {
      CatalogId: { Ref: 'AWS::AccountId' },
      DatabaseName: { Ref: 'Database' },
      TableInput: {
        Name: 'collected_outcomes',
        Description: 'The events of the last days, from which images is merged.',
        TableType: 'EXTERNAL_TABLE',
        Parameters: {
          EXTERNAL: 'TRUE',
          'projection.enabled': 'true',
          'projection.hour.type': 'date',
          'projection.hour.format': "yyyy-MM-dd'T'HH",
          'projection.hour.interval': '1',
          'projection.hour.interval.unit': 'HOURS',
          'projection.hour.range': `NOW-${LISTED_DAYS}DAYS,NOW`,
          // Fn::Sub turns `${!…}` into `${…}`, which Athena needs.
          'storage.location.template': { 'Fn::Sub': `${location}hour=\${!hour}/` },
        },
        PartitionKeys: columns.filter(({ Name }) => Name === 'hour'),
        StorageDescriptor: {
          Location: { 'Fn::Sub': location },
          InputFormat: 'org.apache.hadoop.mapred.TextInputFormat',
          OutputFormat: 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat',
          SerdeInfo: {
            SerializationLibrary: 'org.openx.data.jsonserde.JsonSerDe',
            Parameters: { 'ignore.malformed.json': 'true' },
          },
          Columns: columns.filter(({ Name }) => Name !== 'hour'),
        },
      },
    },
  }
}
