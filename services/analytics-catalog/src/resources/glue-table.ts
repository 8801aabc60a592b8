import { type Column, glueType } from '@darkroom/analytics'

interface GlueColumn {
  Name: string
  Type: string
  Comment: string
}

export function glueColumns(columns: Column[]): GlueColumn[] {
  return columns.map(({ name, type, comment }) => ({ Name: name, Type: glueType(type), Comment: comment }))
}

/** A table over files in S3. */
export function glueTable(input: object) {
  return {
    Type: 'AWS::Glue::Table',
    Properties: {
      CatalogId: { Ref: 'AWS::AccountId' },
      DatabaseName: { Ref: 'Database' },
      TableInput: { ...input, TableType: 'EXTERNAL_TABLE' },
    },
  }
}

/** Files with one JSON object a line. */
export function jsonFiles(location: string, columns: Column[]) {
  return {
    Location: { 'Fn::Sub': location },
    InputFormat: 'org.apache.hadoop.mapred.TextInputFormat',
    OutputFormat: 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat',
    SerdeInfo: {
      SerializationLibrary: 'org.openx.data.jsonserde.JsonSerDe',
      // Otherwise one file that is not JSON fails every query over its partition. It becomes a row of nulls.
      // https://docs.aws.amazon.com/athena/latest/ug/openx-json-serde.html
      Parameters: { 'ignore.malformed.json': 'true' },
    },
    Columns: glueColumns(columns),
  }
}
