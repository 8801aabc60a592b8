import { icebergType, imageColumns } from '@darkroom/analytics'

/**
 * The compacted table, a partition for each day of acceptance. Glue takes the schema from `IcebergTableInput` alone:
 * there must be no `TableInput` beside it. Its fields have names for their types and so cannot be nested, which `images`
 * is not.
 */
export function imagesTable() {
  const fields = imageColumns().map(({ name, type, comment }, n) => ({
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
      Name: 'images',
      OpenTableFormatInput: {
        IcebergInput: {
          MetadataOperation: 'CREATE',
          Version: '2',
          IcebergTableInput: {
            Location: { 'Fn::Join': ['', ['s3://', { Ref: 'CatalogueBucket' }, '/images']] },
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
