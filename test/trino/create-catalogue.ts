import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Resource } from '../package-service.ts'
import { resolveIntrinsics } from '../resolve-intrinsics.ts'
import type { Trino } from './start-trino.ts'

interface GlueColumn {
  Name: string
  Type: string
}

/** Creates in Trino what the template of analytics-catalog creates in Glue: its tables, and its views unchanged. */
export async function createCatalogue(trino: Trino, resources: Record<string, Resource>, schema: string) {
  await trino.query(`CREATE SCHEMA ${schema} WITH (location = 'local:///tables')`)
  const tables = Object.values(resources)
    .filter(({ Type }) => Type === 'AWS::Glue::Table')
    .map((resource) => (resolveIntrinsics(resource, resources) as Resource).Properties)
  for (const { Name, OpenTableFormatInput, TableInput } of tables) {
    if (OpenTableFormatInput) await trino.query(icebergTable(Name, OpenTableFormatInput.IcebergInput))
    else if (TableInput.TableType === 'VIRTUAL_VIEW') await putView(trino, schema, TableInput)
    else await trino.query(jsonTable(TableInput, schema))
  }
}

/** https://trino.io/docs/current/connector/iceberg.html#create-table */
function icebergTable(name: string, { IcebergTableInput }: Record<string, Resource['Properties']>): string {
  const { Location, Schema, PartitionSpec } = IcebergTableInput ?? {}
  const columns = Schema.Fields.map(({ Name, Type }: GlueColumn) => `${Name} ${trinoType(Type)}`)
  const partitions = PartitionSpec.Fields.map(({ Name }: GlueColumn) => `'${Name}'`)
  return `CREATE TABLE ${name} (${columns.join(', ')})
    WITH (location = '${Location}', format_version = 2, partitioning = ARRAY[${partitions.join(', ')}])`
}

/** https://trino.io/docs/current/connector/hive.html#partition-projection */
function jsonTable(input: Resource['Properties'], schema: string): string {
  const parameters: Record<string, string> = input.Parameters
  const list = (key: string) =>
    String(parameters[key])
      .split(',')
      .map((value) => `'${value}'`)
      .join(', ')
  const projections: Record<string, string> = {
    app: `partition_projection_type = 'ENUM', partition_projection_values = ARRAY[${list('projection.app.values')}]`,
    dt: `partition_projection_type = 'DATE', partition_projection_format = '${parameters['projection.dt.format']}',
      partition_projection_range = ARRAY[${list('projection.dt.range')}]`,
    hour: `partition_projection_type = 'DATE', partition_projection_interval = ${parameters['projection.hour.interval']},
      partition_projection_interval_unit = '${parameters['projection.hour.interval.unit']}',
      partition_projection_format = '${parameters['projection.hour.format']?.replaceAll("'", "''")}',
      partition_projection_range = ARRAY[${list('projection.hour.range')}]`,
  }
  const columns = [
    ...input.StorageDescriptor.Columns.map(({ Name, Type }: GlueColumn) => `${Name} ${trinoType(Type)}`),
    ...input.PartitionKeys.map(
      ({ Name, Type }: GlueColumn) => `${Name} ${trinoType(Type)} WITH (${projections[Name]})`,
    ),
  ]
  const isPartitioned = input.PartitionKeys.length > 0
  const partitions = `partitioned_by = ARRAY[${input.PartitionKeys.map(({ Name }: GlueColumn) => `'${Name}'`).join(', ')}],
    partition_projection_enabled = true,
    partition_projection_location_template = '${parameters['storage.location.template']}'`
  return `CREATE TABLE hive.${schema}.${input.Name} (${columns.join(', ')}) WITH (
    format = 'OPENX_JSON', external_location = '${input.StorageDescriptor.Location}'${isPartitioned ? `, ${partitions}` : ''})`
}

/** Converts types of Glue and Iceberg. */
function trinoType(type: string): string {
  return type
    .replaceAll('struct<', 'row(')
    .replaceAll(/(array|map)</g, '$1(')
    .replaceAll('>', ')')
    .replaceAll(/(\w+):/g, '$1 ')
    .replaceAll(/\bstring\b/g, 'varchar')
    .replaceAll(/\blong\b/g, 'bigint')
    .replaceAll(/\btimestamp\b/g, 'timestamp(6)')
}

/** Writes a file of the metastore, so that Trino reads the same text as from Glue. */
async function putView(trino: Trino, schema: string, input: Resource['Properties']): Promise<void> {
  const folder = join(trino.metastore, schema, input.Name)
  await mkdir(folder, { recursive: true })
  const view = {
    writerVersion: 'unknown',
    owner: 'analyst',
    tableType: input.TableType,
    dataColumns: [{ name: 'dummy', type: 'string', properties: {} }],
    partitionColumns: [],
    parameters: input.Parameters,
    originalStorageFormat: {},
    serdeParameters: {},
    viewOriginalText: input.ViewOriginalText,
    viewExpandedText: input.ViewExpandedText,
    columnStatistics: {},
  }
  await writeFile(join(folder, '.trinoSchema'), JSON.stringify(view))
}
