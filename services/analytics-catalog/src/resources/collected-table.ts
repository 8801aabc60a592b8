import { collectedColumns, collectedRefusalColumns } from '@darkroom/analytics'
import { collectedPrefix, OUTCOMES, REFUSALS } from '@darkroom/core'
import { COLLECTED_OUTCOMES_DAYS } from '@darkroom/retention'
import { glueColumns, glueTable, jsonFiles } from './glue-table.ts'
import type { Settings } from './settings.ts'

/** S3 deletes at the midnight after the last day. */
const LISTED_DAYS = COLLECTED_OUTCOMES_DAYS + 1

/**
 * One row per event of an image, read from the collected files; several of one image and repeated ones are possible. Hours are
 * partitions, which Athena derives from the time, so the last file is in the table as soon as it is written.
 * https://docs.aws.amazon.com/athena/latest/ug/partition-projection-supported-types.html
 */
export function collectedTable(settings: Settings) {
  const location = locationOf(settings, OUTCOMES)
  const columns = collectedColumns()
  return glueTable({
    Name: 'collected_outcomes',
    Description: 'The events of the last days, from which images is merged.',
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
    PartitionKeys: glueColumns(columns.filter(({ name }) => name === 'hour')),
    StorageDescriptor: jsonFiles(
      location,
      columns.filter(({ name }) => name !== 'hour'),
    ),
  })
}

/**
 * The same of refusals. There are few files, so it has no partitions: Athena also reads the folders in its location. For 90 days, a
 * projection would list 2,000 hours, one by one.
 */
export function collectedRefusalsTable(settings: Settings) {
  return glueTable({
    Name: 'collected_refusals',
    Description: 'The events of refused images of the last 90 days. Use refusals.',
    Parameters: { EXTERNAL: 'TRUE' },
    PartitionKeys: [],
    StorageDescriptor: jsonFiles(locationOf(settings, REFUSALS), collectedRefusalColumns()),
  })
}

const locationOf = ({ stage }: Settings, kind: string) =>
  `s3://darkroom-${stage}-\${AWS::AccountId}-\${AWS::Region}/${collectedPrefix(kind)}`
