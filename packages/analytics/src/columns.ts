import { MetadataDocument } from '@darkroom/core'
import * as z from 'zod'

type JsonSchema = {
  anyOf?: JsonSchema[]
  oneOf?: JsonSchema[]
  type?: string
  properties?: Record<string, JsonSchema>
  items?: JsonSchema
}

/** The columns of `image_documents` and their types in DuckDB, from the schema of the documents. */
export function documentColumns(): Record<string, string> {
  const { anyOf, oneOf } = z.toJSONSchema(MetadataDocument, { io: 'output' }) as JsonSchema
  const kinds = anyOf ?? oneOf ?? []
  const columns = Object.assign({}, ...kinds.map(({ properties }) => properties)) as Record<
    string,
    JsonSchema
  >
  return { ...mapValues(columns, duckDbType), dt: 'VARCHAR' }
}

function duckDbType({ type, properties, items }: JsonSchema): string {
  switch (type) {
    case 'integer':
    case 'number':
      return 'BIGINT'
    case 'boolean':
      return 'BOOLEAN'
    case 'array':
      return `${duckDbType(items ?? {})}[]`
    case 'object':
      return properties
        ? `STRUCT(${Object.entries(mapValues(properties, duckDbType))
            .map(([name, field]) => `"${name}" ${field}`)
            .join(', ')})`
        : 'MAP(VARCHAR, VARCHAR)'
    default:
      return 'VARCHAR'
  }
}

function mapValues<From, To>(values: Record<string, From>, map: (value: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, map(value)]))
}
