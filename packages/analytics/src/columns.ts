import { MetadataDocument, Refusal } from '@darkroom/core'
import * as z from 'zod'

/** Trino's and Athena's names of scalar types. */
export type ScalarType = 'varchar' | 'bigint' | 'double' | 'boolean' | 'date' | 'timestamp(6)'

/** A scalar, a list, a map or a structure, as in the documents. */
export type ColumnType =
  | ScalarType
  | { listOf: ColumnType }
  | { mapOf: ColumnType }
  | { fields: Record<string, ColumnType> }

export interface Column {
  name: string
  type: ColumnType
  /** The description in core's schema. */
  comment: string
}

/** A column of `images`: flat, because BI tools need that. */
export interface ImageColumn extends Column {
  type: ScalarType
  /** The SQL expression over the fields of a document and `dt`. */
  expression: string
}

interface JsonSchema {
  type?: string
  const?: unknown
  format?: string
  description?: string
  required?: string[]
  properties?: Record<string, JsonSchema>
  items?: JsonSchema
  additionalProperties?: JsonSchema | boolean
  oneOf?: JsonSchema[]
}

/** The kinds of documents: processed, failed, erased. */
const KINDS = (z.toJSONSchema(MetadataDocument, { io: 'input' }) as JsonSchema).oneOf ?? []

/** The UTC date of the key's partition. It is not a field of the document. */
const dt = { name: 'dt', comment: 'The UTC date of acceptance, yyyy-mm-dd.' }

/** The columns of `image_documents`: the fields of core's `MetadataDocument`, and `dt`. */
export function documentColumns(): Column[] {
  const fields = KINDS.flatMap(({ properties = {} }) => Object.entries(properties))
  const columns = [...new Map(fields)].map(([name, field]) => ({
    name,
    type: columnType(field),
    comment: field.description ?? '',
  }))
  return [...columns, { ...dt, type: 'varchar' }]
}

/** Only in `image_documents`: large, and not needed by any query. */
const OMITTED = ['variants']

/**
 * The columns of `images`, the table of processed and failed images: the fields of their documents, with times and dates
 * as typed values, and lists and maps as JSON.
 */
export function imageColumns(): ImageColumn[] {
  const kept = documentColumns().filter(({ name }) => !OMITTED.includes(name) && !isOnlyInReceipts(name))
  return kept.map(({ name, type, comment }) => {
    if (name === dt.name) return { name, comment, type: 'date', expression: 'CAST(dt AS date)' }
    if (isTime(name)) return { name, comment, type: 'timestamp(6)', expression: utcTimestamp(name) }
    if (typeof type === 'string') return { name, comment, type, expression: name }
    return { name, comment, type: 'varchar', expression: `json_format(CAST(${name} AS json))` }
  })
}

/** The columns of the table `images` besides those of `images_now`: which event a row is of. */
export const EVENT_COLUMNS: (Column & { type: ScalarType })[] = [
  {
    name: 'sequence',
    type: 'varchar',
    comment: 'Of the event: the greatest of an image is current. Compare as text.',
  },
  { name: 'collected_at', type: 'timestamp(6)', comment: 'When the event was collected, UTC.' },
]

/** The columns of the table `images`. */
export function rowColumns(): (Column & { type: ScalarType })[] {
  return [...imageColumns(), ...EVENT_COLUMNS]
}

/** The columns of `collected_outcomes`: the fields of an event, with its document as a structure. */
export function collectedColumns(): Column[] {
  const fields = documentColumns().filter(({ name }) => name !== dt.name && !OMITTED.includes(name))
  return [
    { name: 'type', type: 'varchar', comment: 'The type of the event: image.processed.v1.' },
    { name: 'time', type: 'varchar', comment: 'When the document was written, ISO 8601 in UTC.' },
    { name: 'subject', type: 'varchar', comment: 'The id of the image.' },
    { name: 'sequence', type: 'varchar', comment: EVENT_COLUMNS[0]?.comment ?? '' },
    { name: 'dt', type: 'varchar', comment: dt.comment },
    { name: 'collected_at', type: 'varchar', comment: 'When the event was collected, ISO 8601 in UTC.' },
    {
      name: 'data',
      type: { fields: Object.fromEntries(fields.map(({ name, type }) => [name, type])) },
      comment: 'The metadata document, without its variants.',
    },
    { name: 'hour', type: 'varchar', comment: 'The UTC hour of collection, yyyy-mm-ddThh.' },
  ]
}

const refusalFields = Object.entries(
  (z.toJSONSchema(Refusal, { io: 'input' }) as JsonSchema).properties ?? {},
)

/** The columns of `collected_refusals`: the fields of an event, with the refusal as a structure. */
export function collectedRefusalColumns(): Column[] {
  const fields = refusalFields.map(([name, field]) => [name, columnType(field)])
  return [
    { name: 'type', type: 'varchar', comment: 'The type of the event: image.refused.v1.' },
    { name: 'time', type: 'varchar', comment: 'When the event was sent, ISO 8601 in UTC.' },
    { name: 'id', type: 'varchar', comment: 'The id of the event.' },
    { name: 'collected_at', type: 'varchar', comment: 'When the event was collected, ISO 8601 in UTC.' },
    { name: 'data', type: { fields: Object.fromEntries(fields) }, comment: 'Images that were refused.' },
  ]
}

/** The columns of `refusals`, with their expressions over an event. */
export function refusalColumns(): ImageColumn[] {
  const fields = refusalFields.filter(([name]) => name !== 'schema_version')
  return [
    { name: 'id', type: 'varchar', comment: 'The id of the event.', expression: 'event.id' },
    {
      name: 'dt',
      type: 'date',
      comment: 'The UTC date of the refusal, yyyy-mm-dd.',
      expression: 'CAST(substr(event.time, 1, 10) AS date)',
    },
    {
      name: 'refused_at',
      type: 'timestamp(6)',
      comment: 'When the images were refused, UTC; the last of them if there are several.',
      expression: utcTimestamp('event.time'),
    },
    ...fields.map(([name, field]) => ({
      name,
      type: columnType(field) as ScalarType,
      comment: field.description ?? '',
      expression: `event.data.${name}`,
    })),
  ]
}

/** The columns of `look_alikes`: images that look like an earlier one of the same app. */
export const LOOK_ALIKE_COLUMNS: (Column & { type: ScalarType })[] = [
  { name: 'app', type: 'varchar', comment: 'The app of both images.' },
  { name: 'dt', type: 'date', comment: 'The UTC date of acceptance of the later image.' },
  {
    name: 'image_id',
    type: 'varchar',
    comment: 'The earlier image: the first one with the fewest differing bits.',
  },
  { name: 'other_image_id', type: 'varchar', comment: 'The later image.' },
  {
    name: 'differing_bits',
    type: 'bigint',
    comment: 'Bits in which their perceptual hashes differ, 0 to 8.',
  },
]

/** The statuses whose documents contain a column, and whether always. */
export function documentsWith(column: string): { status: string; always: boolean }[] {
  return KINDS.flatMap(({ properties = {}, required = [] }) =>
    column in properties
      ? [{ status: String(properties.status?.const), always: required.includes(column) }]
      : [],
  )
}

/** https://docs.aws.amazon.com/athena/latest/ug/data-types.html */
export function glueType(type: ColumnType): string {
  if (typeof type === 'string')
    return type === 'varchar' ? 'string' : type === 'timestamp(6)' ? 'timestamp' : type
  if ('listOf' in type) return `array<${glueType(type.listOf)}>`
  if ('mapOf' in type) return `map<string,${glueType(type.mapOf)}>`
  const fields = Object.entries(type.fields).map(([name, field]) => `${name}:${glueType(field)}`)
  return `struct<${fields.join(',')}>`
}

/** https://iceberg.apache.org/spec/#primitive-types */
export function icebergType(type: ScalarType): string {
  const names = { varchar: 'string', bigint: 'long', 'timestamp(6)': 'timestamp' } as const
  return type in names ? names[type as keyof typeof names] : type
}

function columnType({ type, const: value, items, properties, additionalProperties }: JsonSchema): ColumnType {
  if (type === 'string') return 'varchar'
  if (type === 'boolean') return 'boolean'
  if (type === 'integer' || Number.isInteger(value)) return 'bigint'
  if (type === 'number') return 'double'
  if (type === 'array' && items) return { listOf: columnType(items) }
  if (properties) {
    const fields = Object.entries(properties).map(([name, field]) => [name, columnType(field)])
    return { fields: Object.fromEntries(fields) }
  }
  if (typeof additionalProperties === 'object') return { mapOf: columnType(additionalProperties) }
  throw new Error(`The catalogue has no type for a field of the JSON Schema type "${type}".`)
}

/** Whether only receipts of erasures have it. */
function isOnlyInReceipts(column: string): boolean {
  const kinds = documentsWith(column)
  return kinds.length > 0 && kinds.every(({ status }) => status === 'erased')
}

function isTime(column: string): boolean {
  return KINDS.some(({ properties }) => properties?.[column]?.format === 'date-time')
}

/** ISO 8601 to a timestamp in UTC, for Iceberg's `timestamp`, which has no zone. */
export function utcTimestamp(column: string): string {
  return `CAST(from_iso8601_timestamp(${column}) AT TIME ZONE 'UTC' AS timestamp(6))`
}
