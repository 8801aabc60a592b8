import { imageColumns } from '@darkroom/analytics'
import { databaseName, type Settings } from './settings.ts'

const TYPES = {
  varchar: 'STRING',
  bigint: 'INTEGER',
  double: 'DECIMAL',
  boolean: 'BOOLEAN',
  date: 'DATETIME',
  'timestamp(6)': 'DATETIME',
}

/** Created if there is a `quickSightPrincipal`. CloudFormation cannot create the subscription to QuickSight. */
export function quickSight(settings: Settings) {
  const name = `darkroom-${settings.stage}`
  const owner = (actions: string[]) => [
    { Principal: { Ref: 'QuickSightPrincipal' }, Actions: actions.map((action) => `quicksight:${action}`) },
  ]
  return {
    QuickSightDataSource: {
      Type: 'AWS::QuickSight::DataSource',
      Condition: 'WithQuickSight',
      Properties: {
        AwsAccountId: { Ref: 'AWS::AccountId' },
        DataSourceId: name,
        Name: name,
        Type: 'ATHENA',
        DataSourceParameters: { AthenaParameters: { WorkGroup: { Ref: 'WorkGroup' } } },
        Permissions: owner(DATA_SOURCE_ACTIONS),
      },
    },
    QuickSightImages: {
      Type: 'AWS::QuickSight::DataSet',
      Condition: 'WithQuickSight',
      DependsOn: ['ImagesNowView'],
      Properties: {
        AwsAccountId: { Ref: 'AWS::AccountId' },
        DataSetId: `${name}-images`,
        Name: `${name} images`,
        ImportMode: 'DIRECT_QUERY',
        PhysicalTableMap: {
          images: {
            RelationalTable: {
              DataSourceArn: { 'Fn::GetAtt': ['QuickSightDataSource', 'Arn'] },
              Catalog: 'AwsDataCatalog',
              Schema: databaseName(settings),
              Name: 'images_now',
              InputColumns: imageColumns().map(({ name, type }) => ({ Name: name, Type: TYPES[type] })),
            },
          },
        },
        Permissions: owner(DATA_SET_ACTIONS),
      },
    },
  }
}

const DATA_SOURCE_ACTIONS = [
  'DescribeDataSource',
  'DescribeDataSourcePermissions',
  'PassDataSource',
  'UpdateDataSource',
  'DeleteDataSource',
  'UpdateDataSourcePermissions',
]
const DATA_SET_ACTIONS = [
  'DescribeDataSet',
  'DescribeDataSetPermissions',
  'PassDataSet',
  'DescribeIngestion',
  'ListIngestions',
  'UpdateDataSet',
  'DeleteDataSet',
  'CreateIngestion',
  'CancelIngestion',
  'UpdateDataSetPermissions',
]
